/** Functions with SnapStart, over the wire, at a level that has snapshots. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
} from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { hostPython } from '../../sandbox/snapshot/snapshot-host.ts';
import { ACCOUNT, functionNamed, refusal, settled, untilActive } from '../control/lambda-server.ts';
import { openGate } from './gate.ts';

/** What a handler waits at, in Python: `pass_gate(name)`. See `gate.ts`. */
const PASS_GATE = `
import json, os, time, urllib.request, uuid
def call(operation, **given):
    head = {"x-amz-target": "Logs_20140328." + operation, "content-type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], json.dumps(given).encode(), head)
    return json.loads(urllib.request.urlopen(request).read() or "{}")
def pass_gate(gate):
    call("CreateLogGroup", logGroupName=gate + "/arrived/" + str(uuid.uuid4()))
    while not call("DescribeLogGroups", logGroupNamePrefix=gate + "/open")["logGroups"]:
        time.sleep(0.005)
`;

export const CODE = `${PASS_GATE}
import random
from snapshot_restore_py import register_after_restore, register_before_snapshot
IDENTITY = str(uuid.uuid4())
AT_INIT = random.random()
HOOKS = []
def fetched():
    # As SDKs do; boto3 itself may not be on this host.
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in os.environ:
        return None
    head = {"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], None, head)
    return json.loads(urllib.request.urlopen(request).read())
OF_INIT = fetched()
register_before_snapshot(HOOKS.append, "before")
register_after_restore(HOOKS.append, "after")
print("init runs")
def handler(event, context):
    if "gate" in event:
        pass_gate(event["gate"])
    if "write" in event:
        open("/tmp/" + event["write"], "w").close()
    return {"identity": IDENTITY, "atInit": AT_INIT, "random": random.random(), "hooks": HOOKS, "tmp": os.listdir("/tmp"),
            "processes": len([name for name in os.listdir("/proc") if name.isdigit()]), "variables": dict(os.environ),
            "stream": context.log_stream_name, "credentials": fetched(), "nowMs": time.time() * 1000}
`;

export interface Answer {
  readonly identity: string;
  readonly atInit: number;
  readonly random: number;
  readonly hooks: readonly string[];
  readonly tmp: readonly string[];
  readonly processes: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly stream: string | null;
  /** What the credentials' address answers. */
  readonly credentials: Readonly<
    Record<'AccessKeyId' | 'SecretAccessKey' | 'Token' | 'Expiration', string>
  > | null;
  readonly nowMs: number;
}

export interface Invoked {
  readonly answer: Answer;
  /** The invocation's REPORT line. */
  readonly report: string;
  readonly log: string;
}

export async function invoked(
  lambda: LambdaClient,
  FunctionName: string,
  event: object = {},
): Promise<Invoked> {
  const { Payload, FunctionError, LogResult } = await lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), LogType: 'Tail' }),
  );
  const text = Buffer.from(Payload!).toString();
  assert.equal(FunctionError, undefined, text);
  const log = Buffer.from(LogResult!, 'base64').toString();
  return { answer: JSON.parse(text) as Answer, log, report: /^REPORT .*$/m.exec(log)?.[0] ?? log };
}

/** Creates `name` with SnapStart and publishes version 1, whatever becomes of it. */
export async function published(
  lambda: LambdaClient,
  name: string,
  code: string,
  rest: object = {},
): Promise<FunctionConfiguration> {
  const parameters = functionNamed(name, {
    Runtime: 'python3.12',
    Handler: 'app.handler',
    MemorySize: 1_769,
    Timeout: 30,
    SnapStart: { ApplyOn: 'PublishedVersions' },
    Code: { ZipFile: await zipOf({ 'app.py': code }) },
    ...rest,
  });
  await lambda.send(new CreateFunctionCommand(parameters));
  await untilActive(lambda, name);
  await lambda.send(new PublishVersionCommand({ FunctionName: name }));
  return settled(lambda, `${name}:1`);
}

/** Environments alive, as the server counts them. */
async function environmentCount(platform: Platform): Promise<number> {
  const health = await fetch(`${platform.origin}/_selfsame/health`);
  return ((await health.json()) as { environments: number }).environments;
}

/** Processes that have that function's name among their variables: what runs its code. */
export async function processesOf(functionName: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const variables = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    if (variables.split('\0').includes(`AWS_LAMBDA_FUNCTION_NAME=${functionName}`)) found.push(Number(name));
  }
  return found;
}

async function logOf(platform: Platform, name: string): Promise<string[]> {
  const logs = new CloudWatchLogsClient(clientSettings(platform));
  const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}` }));
  logs.destroy();
  return events!.map(({ message }) => message!.trimEnd());
}

export function snapStartTests(): void {
  describe('SnapStart', () => {
    let platform: Platform;
    let lambda: LambdaClient;

    before(async () => {
      const python = await hostPython();
      const runtimes = { 'python3.12': python!.interpreter! };
      platform = await openPlatform({ isolation: 'namespaces', runtimes });
      lambda = new LambdaClient(clientSettings(platform));
    });

    after(async () => {
      lambda.destroy();
      await platform.close();
    });

    test('a version is restored where another would be initialised', async () => {
      const version = await published(lambda, 'snap', CODE);
      assert.equal(version.State, 'Active', version.StateReason);
      assert.deepEqual(version.SnapStart, { ApplyOn: 'PublishedVersions', OptimizationStatus: 'On' });
      const taken = await logOf(platform, 'snap');
      assert.match(
        taken[0]!,
        /^INIT_START Runtime Version: python:3\.12\S*\tRuntime Version ARN: arn:aws:lambda:/,
      );
      assert.equal(taken[1], 'init runs');
      assert.match(taken[2]!, /^INIT_REPORT Init Duration: \d+\.\d\d ms$/);
      assert.equal(taken.length, 3);

      const cold = await invoked(lambda, 'snap:1');
      assert.deepEqual(cold.answer.hooks, ['before', 'after']);
      assert.match(cold.report, /\tRestore Duration: \d+\.\d\d ms\tBilled Restore Duration: \d+ ms\t$/);
      assert.doesNotMatch(cold.report, /Init Duration/);
      const warm = await invoked(lambda, 'snap:1');
      assert.doesNotMatch(warm.report, /Restore Duration/);
      const lines = (await logOf(platform, 'snap')).slice(3);
      assert.match(
        lines[0]!,
        /^RESTORE_START Runtime Version: python:3\.12\S*\tRuntime Version ARN: arn:aws:/,
      );
      assert.match(lines[1]!, /^RESTORE_REPORT Restore Duration: \d+\.\d\d ms$/);
      assert.equal(lines.filter((line) => line === 'init runs').length, 0);

      const latest = await invoked(lambda, 'snap');
      assert.match(latest.report, /Init Duration/);
      assert.notEqual(latest.answer.identity, cold.answer.identity);
      assert.equal(latest.answer.variables['AWS_LAMBDA_INITIALIZATION_TYPE'], 'on-demand');
    });

    test('two environments of a version share what init made, and nothing since', async () => {
      await published(lambda, 'pair', CODE);
      await using gate = openGate(platform);
      const held = ['one', 'other'].map((write) => invoked(lambda, 'pair:1', { gate: gate.name, write }));
      await gate.arrived(2);
      await gate.open();
      const [one, other] = (await Promise.all(held)).map(({ answer }) => answer);
      assert.equal(one!.identity, other!.identity);
      assert.equal(one!.atInit, other!.atInit);
      assert.notEqual(one!.random, other!.random);
      assert.deepEqual([one!.tmp, other!.tmp], [['one'], ['other']]);
      assert.deepEqual([one!.processes, other!.processes], [2, 2]);
      for (const { nowMs } of [one!, other!]) assert.ok(Math.abs(Date.now() - nowMs) < 60_000);
    });

    test("the variables are AWS's of SnapStart, and credentials are fetched", async () => {
      await published(lambda, 'variables', CODE, { Environment: { Variables: { MINE: 'kept' } } });
      const { answer } = await invoked(lambda, 'variables:1');
      const { variables } = answer;
      assert.equal(variables['AWS_LAMBDA_INITIALIZATION_TYPE'], 'snap-start');
      assert.equal(variables['AWS_LAMBDA_FUNCTION_VERSION'], '1');
      assert.equal(variables['MINE'], 'kept');
      // Source: "Monitoring for Lambda SnapStart" and "Defined runtime environment variables".
      for (const name of ['AWS_LAMBDA_LOG_GROUP_NAME', 'AWS_LAMBDA_LOG_STREAM_NAME', 'AWS_ACCESS_KEY_ID'])
        assert.equal(variables[name], undefined, name);
      assert.deepEqual(
        Object.keys(variables).filter((name) => name.startsWith('SELFSAME')),
        [],
      );
      const { AccessKeyId, SecretAccessKey, Token, Expiration } = answer.credentials!;
      assert.ok(Date.parse(Expiration) > Date.now());
      const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
      const sts = new STSClient({ ...clientSettings(platform), credentials });
      const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
      sts.destroy();
      assert.equal(Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/of-tests/variables`);
      // Whoever does not know the token gets none.
      const uri = variables['AWS_CONTAINER_CREDENTIALS_FULL_URI']!;
      assert.match(uri, /^http:\/\/(169\.254\.170\.2|127\.0\.0\.1):\d+\/2021-04-23\/credentials$/);
    });

    test('a version whose init fails is Failed', async () => {
      const version = await published(lambda, 'broken', 'raise ValueError("no")\n');
      assert.deepEqual(
        [version.State, version.StateReasonCode, version.StateReason],
        ['Failed', 'FunctionError', 'An error occurred during function initialization.'],
      );
      const lines = await logOf(platform, 'broken');
      assert.ok(lines.some((line) => line.includes('[ERROR] ValueError: no')));
      assert.match(
        lines.at(-1)!,
        /^INIT_REPORT Init Duration: \S+ ms\tPhase: init\tStatus: error\tError Type: /,
      );
    });

    test('an after-restore hook that raises is what the caller hears of', async () => {
      const code = `
from snapshot_restore_py import register_after_restore
@register_after_restore
def hook():
    raise ValueError("not restored")
handler = print
`;
      await published(lambda, 'hooked', code);
      const beforehand = await environmentCount(platform);
      await assert.rejects(
        lambda.send(new InvokeCommand({ FunctionName: 'hooked:1' })),
        refusal('SnapStartException', /afterRestore\(\) runtime hook encountered an error/, 400),
      );
      const lines = await logOf(platform, 'hooked');
      assert.ok(lines.some((line) => line.includes('[ERROR] ValueError: not restored')));
      assert.match(
        lines.at(-1)!,
        /^RESTORE_REPORT Restore Duration: \S+ ms\tStatus: error\tError Type: Runtime\.AfterRestoreError$/,
      );
      assert.equal(await environmentCount(platform), beforehand);
    });

    test('an environment that ends is told of as any other, and the next is restored', async () => {
      const code = `
import os, signal
def handler(event, context):
    if "exit" in event:
        os._exit(event["exit"])
    if "signal" in event:
        os.kill(os.getpid(), event["signal"])
    if "bytes" in event:
        return len(bytearray(b"x") * event["bytes"])
`;
      await published(lambda, 'ending', code, { MemorySize: 256 });
      for (const { event, reason, errorType } of [
        { event: { exit: 3 }, reason: 'exit status 3', errorType: 'Runtime.ExitError' },
        { event: { signal: 9 }, reason: 'signal: killed', errorType: 'Runtime.ExitError' },
        { event: { bytes: 1024 ** 3 }, reason: 'signal: killed', errorType: 'Runtime.OutOfMemory' },
      ]) {
        const { Payload, FunctionError, LogResult } = await lambda.send(
          new InvokeCommand({ FunctionName: 'ending:1', Payload: JSON.stringify(event), LogType: 'Tail' }),
        );
        assert.equal(FunctionError, 'Unhandled');
        const { errorMessage } = JSON.parse(Buffer.from(Payload!).toString()) as { errorMessage: string };
        assert.ok(errorMessage.endsWith(`Runtime exited with error: ${reason}`), errorMessage);
        const log = Buffer.from(LogResult!, 'base64').toString();
        assert.match(log, new RegExp(`^REPORT .*Restore Duration: .*Error Type: ${errorType}$`, 'm'));
      }
    });

    test('a version that is deleted leaves no process', async () => {
      await published(lambda, 'deleted', CODE);
      await invoked(lambda, 'deleted:1');
      assert.ok((await processesOf('deleted')).length > 0);
      await lambda.send(new DeleteFunctionCommand({ FunctionName: 'deleted' }));
      await assert.rejects(invoked(lambda, 'deleted:1'), { name: 'ResourceNotFoundException' });
      while ((await processesOf('deleted')).length > 0)
        await new Promise((resolve) => setTimeout(resolve, 10));
    });
  });
}
