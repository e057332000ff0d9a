/** What is provisioned for versions is there before it is asked for, stays, and is all that it says it is. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateAliasCommand,
  DeleteFunctionCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetAccountSettingsCommand,
  LambdaClient,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { clientSettings, openPlatform } from '../kit/started-platform.ts';
import { lambdaServer, refusal, untilUpdated } from './control/lambda-server.ts';
import { openGate } from './invoke/gate.ts';
import {
  metricOf,
  provision,
  provisioned,
  publishedFunction,
  serve,
  untilProvisioned,
} from './provisioned-functions.ts';

const { platform, lambda } = await lambdaServer();

async function scratch(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  context.after(() => rm(directory, { recursive: true }));
  return directory;
}

test('environments of a version are initialised before they are asked for, and no invocation pays for that', async () => {
  const name = 'ahead';
  await publishedFunction(lambda, name);
  const put = await provision(lambda, name, '1', 2);
  assert.equal(put.$metadata.httpStatusCode, 202);
  // As recorded from AWS.
  assert.equal(put.Status, 'IN_PROGRESS');
  assert.equal(put.RequestedProvisionedConcurrentExecutions, 2);
  assert.equal(put.AllocatedProvisionedConcurrentExecutions, 0);
  assert.equal(put.AvailableProvisionedConcurrentExecutions, 0);
  assert.match(put.LastModified ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/);
  const ready = await untilProvisioned(lambda, name, '1');
  assert.equal(ready.AllocatedProvisionedConcurrentExecutions, 2);
  assert.equal(ready.AvailableProvisionedConcurrentExecutions, 2);

  const first = await serve(lambda, name, '1');
  assert.equal(first.type, 'provisioned-concurrency');
  assert.equal(first.served, 1);
  assert.match(first.log, /REPORT RequestId/);
  assert.doesNotMatch(first.log, /Init Duration/);
  const latest = await serve(lambda, name, '$LATEST');
  assert.equal(latest.type, 'on-demand');
  assert.match(latest.log, /Init Duration/);
});

test('more invocations than that spill over to environments on demand, and metrics show it', async () => {
  const name = 'spilling';
  await publishedFunction(lambda, name);
  await provision(lambda, name, '1', 2);
  await untilProvisioned(lambda, name, '1');
  const metric = (metricName: string) =>
    metricOf(platform, metricName, { FunctionName: name, Resource: `${name}:1` });
  await serve(lambda, name, '1');
  assert.deepEqual(await metric('ProvisionedConcurrencyUtilization'), { sum: 0.5, maximum: 0.5 });
  await using gate = openGate(platform);
  const event = { gate: gate.name };
  const held = [serve(lambda, name, '1', event), serve(lambda, name, '1', event)];
  await gate.arrived(2);
  assert.equal(await metric('ProvisionedConcurrencySpilloverInvocations'), undefined);
  const spilled = await serve(lambda, name, '1');
  assert.equal(spilled.type, 'on-demand');
  assert.match(spilled.log, /Init Duration/);
  await gate.open();
  for (const { type } of await Promise.all(held)) assert.equal(type, 'provisioned-concurrency');
  assert.deepEqual(await metric('ProvisionedConcurrencySpilloverInvocations'), { sum: 1, maximum: 1 });
  assert.equal((await metric('ProvisionedConcurrencyInvocations'))?.sum, 3);
  assert.equal((await metric('ProvisionedConcurrentExecutions'))?.maximum, 2);
  assert.equal((await metric('ProvisionedConcurrencyUtilization'))?.maximum, 1);
  const next = await serve(lambda, name, '1');
  assert.equal(next.type, 'provisioned-concurrency');
});

test('an environment that ends is replaced, and more or fewer are kept when others are asked for', async () => {
  const name = 'kept';
  await publishedFunction(lambda, name);
  await provision(lambda, name, '1', 1);
  await untilProvisioned(lambda, name, '1');
  const first = await serve(lambda, name, '1');
  process.kill(first.pid, 'SIGKILL');
  let next = first;
  while (next.pid === first.pid || next.type !== 'provisioned-concurrency')
    next = await serve(lambda, name, '1');
  await untilProvisioned(lambda, name, '1');

  await provision(lambda, name, '1', 3);
  const more = await untilProvisioned(lambda, name, '1');
  assert.equal(more.AllocatedProvisionedConcurrentExecutions, 3);
  const fewer = await provision(lambda, name, '1', 1);
  assert.equal(fewer.Status, 'READY');
  assert.equal(fewer.AllocatedProvisionedConcurrentExecutions, 1);
});

test('a failed init is told as AWS tells it, and tried again later', async (context) => {
  const flag = join(await scratch(context), 'flag');
  const name = 'failing';
  await publishedFunction(lambda, name, { FAIL_UNLESS: flag });
  await provision(lambda, name, '1', 1);
  const failed = await untilProvisioned(lambda, name, '1', 'FAILED');
  assert.equal(failed.StatusReason, 'FUNCTION_ERROR_INIT_FAILURE');
  assert.equal(failed.AllocatedProvisionedConcurrentExecutions, 0);
  assert.equal(failed.AvailableProvisionedConcurrentExecutions, 0);
  await writeFile(flag, '');
  await platform.clock.advance(60_000);
  const { StatusReason, ...ready } = await provisioned(lambda, name, '1');
  assert.equal(ready.Status, 'READY');
  assert.equal(StatusReason, undefined);
});

test('an alias takes its environments with it: the old ones stay until the new ones are there', async (context) => {
  const flag = join(await scratch(context), 'flag');
  const FunctionName = 'moving';
  await publishedFunction(lambda, FunctionName);
  const Name = 'live';
  await lambda.send(new CreateAliasCommand({ FunctionName, Name, FunctionVersion: '1' }));
  await provision(lambda, FunctionName, Name, 1);
  await untilProvisioned(lambda, FunctionName, Name);
  assert.equal((await serve(lambda, FunctionName, Name)).type, 'provisioned-concurrency');

  const Environment = { Variables: { INIT_WHEN: flag } };
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment }));
  await untilUpdated(lambda, FunctionName);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new UpdateAliasCommand({ FunctionName, Name, FunctionVersion: '2' }));
  // As recorded from AWS.
  const moved = await provisioned(lambda, FunctionName, Name);
  assert.equal(moved.Status, 'IN_PROGRESS');
  assert.equal(moved.AllocatedProvisionedConcurrentExecutions, 1);
  assert.equal(moved.AvailableProvisionedConcurrentExecutions, 1);
  assert.equal((await serve(lambda, FunctionName, '1')).type, 'provisioned-concurrency');
  await writeFile(flag, '');
  await untilProvisioned(lambda, FunctionName, Name);
  assert.equal((await serve(lambda, FunctionName, Name)).type, 'provisioned-concurrency');
  assert.equal((await serve(lambda, FunctionName, '1')).type, 'on-demand');
});

test('a function that has provisioned all it has reserved runs nothing on demand', async () => {
  const FunctionName = 'overlap';
  await publishedFunction(lambda, FunctionName);
  await provision(lambda, FunctionName, '1', 2);
  await untilProvisioned(lambda, FunctionName, '1');
  const reserve = (ReservedConcurrentExecutions: number) =>
    lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
  const tooLow =
    " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2].";
  await assert.rejects(reserve(1), refusal('InvalidParameterValueException', tooLow, 400));
  await reserve(2);
  await assert.rejects(serve(lambda, FunctionName, '$LATEST'), {
    name: 'TooManyRequestsException',
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
  });
  assert.equal((await serve(lambda, FunctionName, '1')).type, 'provisioned-concurrency');
  const tooMuch = refusal(
    'InvalidParameterValueException',
    'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
    400,
  );
  await assert.rejects(provision(lambda, FunctionName, '1', 3), tooMuch);
  await lambda.send(
    new UpdateFunctionConfigurationCommand({ FunctionName, Description: 'changed', Timeout: 15 }),
  );
  await untilUpdated(lambda, FunctionName);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  await assert.rejects(provision(lambda, FunctionName, '2', 1), tooMuch);
});

test('environments go with their configuration, their version and their function', async () => {
  const FunctionName = 'going';
  await publishedFunction(lambda, FunctionName);
  const unreserved = async () =>
    (await lambda.send(new GetAccountSettingsCommand({}))).AccountLimit?.UnreservedConcurrentExecutions;
  const before = (await unreserved())!;
  await provision(lambda, FunctionName, '1', 1);
  await untilProvisioned(lambda, FunctionName, '1');
  assert.equal(await unreserved(), before - 1);
  const deleted = await lambda.send(
    new DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: '1' }),
  );
  assert.equal(deleted.$metadata.httpStatusCode, 204);
  assert.equal((await serve(lambda, FunctionName, '1')).type, 'on-demand');
  assert.equal(await unreserved(), before);

  await provision(lambda, FunctionName, '1', 1);
  await untilProvisioned(lambda, FunctionName, '1');
  const { pid } = await serve(lambda, FunctionName, '1');
  await lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '1' }));
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await unreserved(), before);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('records of the platform name the kind of initialisation', async () => {
  const FunctionName = 'recorded';
  await publishedFunction(lambda, FunctionName);
  const LoggingConfig = { LogFormat: 'JSON', SystemLogLevel: 'DEBUG' } as const;
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, LoggingConfig }));
  await untilUpdated(lambda, FunctionName);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  await provision(lambda, FunctionName, '2', 1);
  await untilProvisioned(lambda, FunctionName, '2');
  const logs = new CloudWatchLogsClient(clientSettings(platform));
  const { events = [] } = await logs.send(
    new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${FunctionName}` }),
  );
  logs.destroy();
  const types = events
    .map(({ message }) => JSON.parse(message ?? '') as { type: string; record: Record<string, unknown> })
    .filter(({ type }) => type.startsWith('platform.init'))
    .map(({ type, record }) => [type, record['initializationType']]);
  assert.deepEqual(types, [
    ['platform.initStart', 'provisioned-concurrency'],
    ['platform.initReport', 'provisioned-concurrency'],
  ]);
});

test('after a restart everything provisioned is initialised again', async (context) => {
  const dataDir = await scratch(context);
  const started = async () => {
    const server = await openPlatform({ dataDir, isolation: 'process' });
    return { server, client: new LambdaClient(clientSettings(server)) };
  };
  {
    const { server, client } = await started();
    await using _ = server;
    await publishedFunction(client, 'restored');
    await provision(client, 'restored', '1', 1);
    await untilProvisioned(client, 'restored', '1');
    client.destroy();
  }
  const { server, client } = await started();
  await using _ = server;
  const { AllocatedProvisionedConcurrentExecutions } = await untilProvisioned(client, 'restored', '1');
  assert.equal(AllocatedProvisionedConcurrentExecutions, 1);
  assert.equal((await serve(client, 'restored', '1')).type, 'provisioned-concurrency');
  client.destroy();
});
