/** AWS's own kit for testing durable functions in the cloud runs against this server, unmodified. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
import { InvocationType, LambdaClient } from '@aws-sdk/client-lambda';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { createDurable } from './durable-functions.ts';

/** How often the kit looks at the history, milliseconds. */
const POLL_MS = 50;

test('branches, maps, child contexts and waits are what the kit expects of AWS', async (context) => {
  const platform = await startedPlatform(context);
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  await createDurable(
    lambda,
    'whole',
    `const first = await context.step('first', async () => event.n);
     const both = await context.parallel('both', [
       async (branch) => branch.step('quick', async () => 10),
       async (branch) => { await branch.wait('rest', { seconds: 1 }); return 20; },
     ]);
     const each = await context.map('each', [1, 2, 3], async (item, value) => item.step('double', async () => value * 2));
     const deep = await context.runInChildContext('child', async (child) => child.step('in', async () => 'deep'));
     return { first, both: both.getResults(), each: each.getResults(), deep };`,
    { executionTimeout: 900 },
  );
  const runner = new CloudDurableTestRunner({
    functionName: 'whole:$LATEST',
    client: lambda,
    config: { pollInterval: POLL_MS },
  });
  const result = await runner.run({ payload: { n: 7 } });
  assert.equal(result.getStatus(), 'SUCCEEDED');
  assert.deepEqual(result.getResult(), { first: 7, both: [10, 20], each: [2, 4, 6], deep: 'deep' });
  assert.equal(result.getInvocations().length, 2);
  const named = (name: string) => runner.getOperation(name);
  assert.equal(named('rest').getWaitDetails()!.waitSeconds, 1);
  assert.equal(named('first').getStepDetails()!.result, 7);
  assert.equal(named('child').getContextDetails()!.result, 'deep');
});

test('the kit completes a callback that it has waited for', async (context) => {
  const platform = await startedPlatform(context);
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  await createDurable(
    lambda,
    'approval',
    `return context.waitForCallback('approval', async (callbackId) => { await Promise.resolve(callbackId); });`,
  );
  const runner = new CloudDurableTestRunner({
    functionName: 'approval:$LATEST',
    client: lambda,
    config: { invocationType: InvocationType.Event, pollInterval: POLL_MS },
  });
  const running = runner.run({ payload: {} });
  const callback = runner.getOperation('approval');
  await callback.waitForData('STARTED' as never);
  const submitted = await callback.waitForData('SUBMITTED' as never);
  await submitted.sendCallbackSuccess('granted');
  const result = await running;
  assert.equal(result.getStatus(), 'SUCCEEDED');
  assert.equal(result.getResult(), 'granted');
});
