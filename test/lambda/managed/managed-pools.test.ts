/** When environments on managed instances start and end. Source: AWS, "Scaling Lambda Managed Instances". */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { CreateFunctionCommand, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { openGate, PASS_GATE } from '../invoke/gate.ts';
import type { ManagedFunctions } from './managed-functions.ts';
import { managedFunctions, PROVIDER_ARN } from './managed-functions.ts';

const HANDLER = `
const pass = ${PASS_GATE};
exports.handler = async ({ gate }) => {
  if (gate) await pass(gate);
  return process.pid;
};
`;
const code = await zipOf({ 'index.js': HANDLER });
const node = { code, Runtime: 'nodejs24.x', maxConcurrency: 1 } as const;

async function opened(
  context: TestContext,
  options: StartOptions = {},
): Promise<{ readonly platform: Platform; readonly functions: ManagedFunctions }> {
  const platform = await startedPlatform(context, { isolation: 'process', ...options });
  const functions = managedFunctions(platform);
  context.after(() => functions[Symbol.dispose]());
  return { platform, functions };
}

/** Environments alive now. */
async function environments({ origin }: Platform): Promise<number> {
  const health = (await (await fetch(`${origin}/_selfsame/health`)).json()) as { environments: number };
  return health.environments;
}

async function untilEnvironments(platform: Platform, count: number): Promise<void> {
  while ((await environments(platform)) !== count);
}

test('the least are there before any event, and again when one has ended', async (context) => {
  const { platform, functions } = await opened(context);
  await functions.createProvider();
  await functions.create('kept', node, { min: 2, max: 2 });
  assert.equal(await environments(platform), 2);
  const pid = Number(await functions.invoke('kept', {}));
  process.kill(pid, 'SIGKILL');
  let other = pid;
  while (other === pid) other = await functions.invoke('kept', {}).then(Number, () => pid);
  await untilEnvironments(platform, 2);
});

test('what is more than the least goes when it has had nothing to do for long', async (context) => {
  const { platform, functions } = await opened(context, { frozenClock: true });
  await functions.createProvider();
  await functions.create('burst', node, { min: 1, max: 2 });
  await using gate = openGate(platform);
  const held = functions.invoke('burst', { gate: gate.name });
  await gate.arrived(1);
  await untilEnvironments(platform, 2);
  while ((await functions.invoke('burst', {}).catch(() => undefined)) === undefined);
  await gate.open();
  await held;
  await platform.clock.advance(11 * 60_000);
  await untilEnvironments(platform, 1);
  assert.match(await functions.invoke('burst', {}), /^\d+$/);
});

test('an environment that is too old is replaced before it goes', async (context) => {
  const { platform, functions } = await opened(context, { frozenClock: true });
  await functions.createProvider();
  await functions.create('ageing', node, { min: 1, max: 1 });
  const first = await functions.invoke('ageing', {});
  await platform.clock.advance(3 * 3_600_000);
  assert.equal(await functions.invoke('ageing', {}), first);
  await platform.clock.advance(2 * 3_600_000);
  assert.notEqual(await functions.invoke('ageing', {}), first);
  await untilEnvironments(platform, 1);
});

test('a capacity provider has no more environments than its vCPUs allow', async (context) => {
  const { platform, functions } = await opened(context);
  await functions.createProvider(2);
  await functions.create('first', node, { min: 2, max: 2 });
  const CapacityProviderConfig = {
    LambdaManagedInstancesCapacityProviderConfig: { CapacityProviderArn: PROVIDER_ARN },
  };
  await functions.lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'second',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: code },
      CapacityProviderConfig,
      PublishTo: 'LATEST_PUBLISHED',
    }),
  );
  const failed = await functions.settled('second');
  assert.deepEqual(
    [failed.State, failed.StateReasonCode],
    ['Failed', 'CapacityProviderScalingLimitExceeded'],
  );
  assert.match(failed.StateReason!, /its MaxVCpuCount is 2\.$/);
  assert.equal(await environments(platform), 2);
});

test('a version whose init fails is Failed', async (context) => {
  const { platform, functions } = await opened(context);
  await functions.createProvider();
  await functions.create('broken', node, { min: 1, max: 1 });
  const ZipFile = await zipOf({ 'index.js': 'throw new Error("no")' });
  await functions.lambda.send(
    new UpdateFunctionCodeCommand({ FunctionName: 'broken', ZipFile, PublishTo: 'LATEST_PUBLISHED' }),
  );
  const { State, StateReasonCode } = await functions.settled('broken');
  assert.deepEqual([State, StateReasonCode], ['Failed', 'FunctionError']);
  await untilEnvironments(platform, 0);
});

test('a new $LATEST.PUBLISHED takes the place of the one before', async (context) => {
  const { platform, functions } = await opened(context);
  await functions.createProvider();
  await functions.create('again', node, { min: 1, max: 1 });
  const ZipFile = await zipOf({ 'index.js': 'exports.handler = async () => "new";' });
  await functions.lambda.send(
    new UpdateFunctionCodeCommand({ FunctionName: 'again', ZipFile, PublishTo: 'LATEST_PUBLISHED' }),
  );
  assert.equal(await functions.invoke('again', {}), '"new"');
  await untilEnvironments(platform, 1);
});

test('after a restart of the server they are there again', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-managed-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const before = await opened(context, { dataDir });
  await before.functions.createProvider();
  await before.functions.create('lasting', node, { min: 1, max: 1 });
  await before.platform.close();
  const { platform, functions } = await opened(context, { dataDir });
  assert.match(await functions.invoke('lasting', {}), /^\d+$/);
  assert.equal(await environments(platform), 1);
});
