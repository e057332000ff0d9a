import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvokeCommand, PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda';
import { asynchronous } from './recording-function.ts';

const { platform, lambda, create, runs } = await asynchronous();

const MINUTE_MS = 60_000;

const event = (FunctionName: string, payload: object) =>
  new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(payload) });

describe('an asynchronous invocation', () => {
  test('is answered with 202 and runs once', async () => {
    const arn = await create('once');
    const answer = await lambda.send(event('once', { name: 'one' }));
    assert.equal(answer.StatusCode, 202);
    assert.equal(answer.ExecutedVersion, undefined);
    assert.equal(answer.Payload?.length ?? 0, 0);
    await platform.clock.advance('6h');
    const [run, ...more] = await runs('once');
    assert.deepEqual(more, []);
    assert.deepEqual(run!.event, { name: 'one' });
    assert.equal(run!.requestId, answer.$metadata.requestId);
    assert.equal(run!.arn, arn);
  });

  test('that fails runs again after one minute and after two more, with its request id', async () => {
    await create('thrice');
    const { $metadata } = await lambda.send(event('thrice', { fail: true }));
    const counts: number[] = [];
    for (const span of [0, MINUTE_MS - 1, 1, 2 * MINUTE_MS - 1, 1]) {
      await platform.clock.advance(span);
      counts.push((await runs('thrice')).length);
    }
    assert.deepEqual(counts, [1, 1, 2, 2, 3]);
    await platform.clock.advance('6h');
    const all = await runs('thrice');
    assert.equal(all.length, 3);
    assert.deepEqual(new Set(all.map(({ requestId }) => requestId)), new Set([$metadata.requestId]));
  });

  test('is retried as often as its function says', async () => {
    for (const attempts of [0, 1]) {
      await create(`counted${attempts}`);
      const config = { FunctionName: `counted${attempts}`, MaximumRetryAttempts: attempts };
      await lambda.send(new PutFunctionEventInvokeConfigCommand(config));
      await lambda.send(event(`counted${attempts}`, { fail: true }));
    }
    await platform.clock.advance('6h');
    assert.equal((await runs('counted0')).length, 1);
    assert.equal((await runs('counted1')).length, 2);
  });

  test('is not retried beyond its age', async () => {
    await create('aged');
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({ FunctionName: 'aged', MaximumEventAgeInSeconds: 90 }),
    );
    await lambda.send(event('aged', { fail: true }));
    await platform.clock.advance('6h');
    assert.equal((await runs('aged')).length, 2);
  });
});
