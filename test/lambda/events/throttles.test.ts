import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  DeleteFunctionCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import { metricOf } from './metric-totals.ts';
import { asynchronous } from './recording-function.ts';

const { platform, lambda, create, runs } = await asynchronous();
const { clock, faults } = platform;

const send = (FunctionName: string, payload: object = {}) =>
  lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(payload) }));

/** Waits in real time for an HTTP request to it that never comes while others run. */
const SLOW = `
const { appendFileSync } = require('node:fs');
exports.handler = async (event) => {
  await new Promise((resolve) => setTimeout(resolve, event.ms));
  appendFileSync(process.env.RUNS, '{}\\n');
};`;

describe('an event whose function is throttled', () => {
  test('is tried with back-off until it runs, once', async () => {
    await create('busy');
    const rule = faults.add({ fault: 'throttle', functionName: 'busy' });
    await send('busy');
    await clock.advance('1h');
    // At once; after 1, 2, 4, … 256 seconds; then every five minutes.
    assert.equal(faults.list()[0]!.struck, 1 + 9 + 10);
    faults.remove(rule.id);
    await clock.advance('5m');
    assert.equal((await runs('busy')).length, 1);
    await clock.advance('6h');
    assert.equal((await runs('busy')).length, 1);
    const ageSeconds = (await metricOf(platform, 'AsyncEventAge', 'busy')) / 1_000;
    assert.ok(ageSeconds > 3_600, 'the age at every attempt counts');
  });

  test('is dropped when it is too old', async () => {
    await create('aged');
    faults.add({ fault: 'throttle', functionName: 'aged' });
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: 'aged',
        MaximumEventAgeInSeconds: 60,
        DestinationConfig: { OnFailure: { Destination: await create('told') } },
      }),
    );
    const { $metadata } = await send('aged', { name: 'late' });
    await clock.advance('59s');
    assert.deepEqual(await runs('told'), []);
    await clock.advance('1s');
    const [told, ...more] = await runs('told');
    assert.deepEqual(more, []);
    const { timestamp: _, requestContext, ...record } = told!.event as Record<string, unknown>;
    assert.deepEqual(record, { version: '1.0', requestPayload: { name: 'late' } });
    assert.deepEqual(requestContext, {
      requestId: $metadata.requestId,
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:aged:$LATEST',
      condition: 'EventAgeExceeded',
      approximateInvokeCount: 0,
    });
    assert.equal(await metricOf(platform, 'AsyncEventsDropped', 'aged'), 1);
    faults.clear();
    await clock.advance('6h');
    assert.deepEqual(await runs('aged'), []);
  });

  test('holds up no event of another function, nor does one that is slow', async () => {
    await create('stuck');
    await create('slow', { Timeout: 30 }, SLOW);
    await create('free');
    faults.add({ fault: 'throttle', functionName: 'stuck' });
    for (let count = 0; count < 20; count += 1) await send('stuck');
    for (let count = 0; count < 3; count += 1) await send('slow', { ms: 1_000 });
    for (let count = 0; count < 20; count += 1) await send('free');
    while ((await runs('free')).length < 20) await new Promise(setImmediate);
    assert.deepEqual(await runs('slow'), []);
    await clock.advance(0);
    assert.equal((await runs('slow')).length, 3);
    faults.clear();
    await clock.advance('5m');
    assert.equal((await runs('stuck')).length, 20);
  });

  test('runs no more at once than the function has reserved, and each once', async () => {
    await create('narrow');
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'narrow', ReservedConcurrentExecutions: 2 }),
    );
    await Promise.all(Array.from({ length: 60 }, () => send('narrow')));
    await clock.advance('6h');
    assert.equal((await runs('narrow')).length, 60);
  });

  test('is dropped when the function is gone', async () => {
    await create('gone');
    faults.add({ fault: 'throttle', functionName: 'gone' });
    await send('gone');
    await clock.advance(0);
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'gone' }));
    faults.clear();
    await clock.advance('1h');
    assert.equal(await metricOf(platform, 'AsyncEventsDropped', 'gone'), 1);
  });
});
