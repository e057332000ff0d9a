import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvokeAsyncCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { metricOf } from './metric-totals.ts';
import { asynchronous } from './recording-function.ts';

const { platform, lambda, create, runs } = await asynchronous();

const MAX_BYTES = 1_048_576;

const send = (FunctionName: string, rest: object) =>
  lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', ...rest }));

/** JSON of so many bytes. */
const sized = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`;

describe('what is accepted as an asynchronous event', () => {
  test('has at most 1 MB', async () => {
    await create('sized');
    assert.equal((await send('sized', { Payload: sized(MAX_BYTES) })).StatusCode, 202);
    // The words are those that developers quote of AWS since October 2025, when the limit became this.
    await assert.rejects(send('sized', { Payload: sized(MAX_BYTES + 1) }), {
      name: 'RequestTooLargeException',
      message: `${MAX_BYTES + 1} byte payload is too large for the Event invocation type (limit ${MAX_BYTES} bytes)`,
    });
    await platform.clock.advance(0);
    const all = await runs('sized');
    assert.equal(all.length, 1);
    assert.equal((all[0]!.event as unknown as string).length, MAX_BYTES - 2);
  });

  test('is JSON, or nothing, which is an empty object', async () => {
    await create('json');
    await assert.rejects(send('json', { Payload: '{"half":' }), { name: 'InvalidRequestContentException' });
    await assert.rejects(send('json', { Payload: '{}', ClientContext: 'no base64' }), {
      name: 'InvalidRequestContentException',
    });
    await send('json', {});
    await platform.clock.advance('6h');
    assert.deepEqual(
      (await runs('json')).map(({ event }) => event),
      [{}],
    );
    assert.equal(await metricOf(platform, 'AsyncEventsReceived', 'json'), 1);
  });

  test('is for a function that is there', async () => {
    await assert.rejects(send('missing', { Payload: '{}' }), {
      name: 'ResourceNotFoundException',
      message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:missing:$LATEST',
    });
  });

  test('comes by InvokeAsync, too', async () => {
    await create('older');
    const answer = await lambda.send(
      new InvokeAsyncCommand({ FunctionName: 'older', InvokeArgs: '{"name":"old"}' }),
    );
    assert.equal(answer.Status, 202);
    await platform.clock.advance(0);
    assert.deepEqual(
      (await runs('older')).map(({ event }) => event),
      [{ name: 'old' }],
    );
  });

  test('runs with the client context, and with the trace, that it came with', async () => {
    const code = `exports.handler = async (event, context) => {
      const seen = { event: context.clientContext, trace: process.env._X_AMZN_TRACE_ID };
      require('node:fs').appendFileSync(process.env.RUNS, JSON.stringify(seen) + '\\n');
    };`;
    await create('context', {}, code);
    const ClientContext = Buffer.from('{"custom":{"key":"value"}}').toString('base64');
    await send('context', { ClientContext, Payload: '{}' });
    await platform.clock.advance(0);
    const [run] = await runs('context');
    assert.deepEqual(run!.event, { custom: { key: 'value' } });
    // The chain of invocations is told as AWS tells it: this function, for the first time.
    assert.match(run!.trace, /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};.*;Lineage=1:[0-9a-f]{8}:0$/);
  });
});
