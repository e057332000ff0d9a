import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvokeCommand, PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda';
import { metricOf } from './metric-totals.ts';
import { asynchronous } from './recording-function.ts';

const { platform, lambda, create, runs } = await asynchronous();

/** Invokes itself with AWS's SDK, which passes on where it comes from. */
const LOOP = `
const { appendFileSync } = require('node:fs');
const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');
exports.handler = async () => {
  appendFileSync(process.env.RUNS, JSON.stringify({ trace: process.env._X_AMZN_TRACE_ID }) + '\\n');
  const FunctionName = process.env.AWS_LAMBDA_FUNCTION_NAME;
  await new LambdaClient().send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: '{}' }));
};`;

describe('a function that invokes itself asynchronously', () => {
  test('is stopped after 16 times, and its event goes to the destination for failures', async () => {
    await create('loop', { Timeout: 30 }, LOOP);
    const told = await create('told');
    const config = { FunctionName: 'loop', DestinationConfig: { OnFailure: { Destination: told } } };
    await lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    await lambda.send(new InvokeCommand({ FunctionName: 'loop', InvocationType: 'Event', Payload: '{}' }));
    await platform.clock.advance('6h');
    const all = await runs('loop');
    assert.equal(all.length, 16);
    assert.match(all.at(-1)!.trace, /;Lineage=1:[0-9a-f]{8}:15$/);
    assert.equal((await runs('told')).length, 1);
    assert.equal(await metricOf(platform, 'RecursiveInvocationsDropped', 'loop'), 1);
  });

  test('is stopped in a circle of destinations, too', async () => {
    const [there, back] = [await create('there'), await create('back')];
    for (const [FunctionName, Destination] of [
      ['there', back],
      ['back', there],
    ]) {
      const config = { FunctionName, DestinationConfig: { OnSuccess: { Destination } } };
      await lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    }
    await lambda.send(new InvokeCommand({ FunctionName: 'there', InvocationType: 'Event', Payload: '{}' }));
    await platform.clock.advance('6h');
    assert.equal((await runs('there')).length, 16);
    assert.equal((await runs('back')).length, 16);
    assert.equal(await metricOf(platform, 'RecursiveInvocationsDropped', 'there'), 1);
  });
});
