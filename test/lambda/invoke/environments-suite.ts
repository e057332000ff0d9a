/** Environments as a client sees them: the same at every level of isolation. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  DeleteFunctionCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { start } from '../../../src/index.ts';
import type { IsolationLevel } from '../../../src/ports/environment.ts';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { openGate, PASS_GATE } from './gate.ts';
import { killProcessesOf, processesOf } from './host-processes.ts';
import type { ProbeAnswer } from './probe-function.ts';
import { createProbe, invokeProbe } from './probe-function.ts';

/** Longer than an environment may be idle. Milliseconds. */
const LONG_IDLE_MS = 15 * 60_000;

export function testEnvironments(level: IsolationLevel): void {
  describe(`environments at ${level}`, () => environmentTests(level));
}

function environmentTests(level: IsolationLevel): void {
  let platform: Platform;
  let lambda: LambdaClient;
  let logs: CloudWatchLogsClient;

  before(async () => {
    // A process that was started ahead does not show on the host whose it has become.
    const pooledEnvironments = 0;
    platform = await start({
      port: 0,
      dataDir: 'temporary',
      logLevel: 'error',
      isolation: level,
      pooledEnvironments,
    });
    lambda = new LambdaClient(clientSettings(platform));
    logs = new CloudWatchLogsClient(clientSettings(platform));
  });

  after(async () => {
    lambda.destroy();
    logs.destroy();
    await platform.close();
  });

  const invoke = <Payload>(name: string, event: unknown): Promise<ProbeAnswer<Payload>> =>
    invokeProbe<Payload>(lambda, name, event);

  const messages = async (name: string): Promise<string[]> => {
    const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}` }));
    return events!.map(({ message }) => message!);
  };

  /** The whole log of a function, once an invocation's REPORT is in it: that follows the answer. */
  const logUpTo = async (name: string, requestId: string): Promise<string[]> => {
    await until(async () =>
      (await messages(name)).some((message) => message.startsWith(`REPORT RequestId: ${requestId}`)),
    );
    return messages(name);
  };

  /** Directories of single environments that exist now. */
  const scratchDirectories = async (): Promise<string[]> => {
    const names = await readdir(join(platform.facts.dataDirectory, 'environments'));
    return names.filter((name) => /^[0-9a-f]{32}$/.test(name));
  };

  const updated = (name: string): Promise<unknown> =>
    waitUntilFunctionUpdatedV2(
      { client: lambda, maxWaitTime: 30, minDelay: 0.01, maxDelay: 0.05 },
      { FunctionName: name },
    );

  test('are reused, with their globals and their /tmp', async () => {
    await createProbe(lambda, 'reused');
    await invoke('reused', { action: 'writeTmp', text: 'kept' });
    assert.equal((await invoke('reused', { action: 'count' })).payload, 1);
    assert.equal((await invoke('reused', { action: 'count' })).payload, 2);
    assert.equal((await invoke('reused', { action: 'readTmp' })).payload, 'kept');
  });

  test('handle two events at once in two environments, each with a /tmp of its own', async () => {
    await createProbe(lambda, 'twice');
    await using gate = openGate(platform);
    const both = [1, 2].map((value) => invoke('twice', { action: 'pass', gate: gate.name, value }));
    await gate.arrived(2);
    await gate.open();
    assert.deepEqual(
      (await Promise.all(both)).map(({ payload }) => payload),
      [1, 2],
    );
    await invoke('twice', { action: 'writeTmp', text: 'of one' });
    await using second = openGate(platform);
    const held = invoke('twice', { action: 'pass', gate: second.name });
    await second.arrived(1);
    assert.equal((await invoke('twice', { action: 'readTmp' })).payload, null);
    await second.open();
    await held;
  });

  test('start for six functions at once', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `cold-${letter}`);
    await Promise.all(names.map((name) => createProbe(lambda, name)));
    const answers = await Promise.all(names.map((name) => invoke(name, { action: 'echo', name })));
    assert.deepEqual(
      answers.map(({ payload }) => payload),
      names.map((name) => ({ action: 'echo', name })),
    );
  });

  test('are gone when they have been idle for long', async () => {
    await createProbe(lambda, 'idle');
    await invoke('idle', { action: 'count' });
    assert.notDeepEqual(await processesOf(platform.origin, 'idle'), []);
    await platform.clock.advance(LONG_IDLE_MS);
    assert.deepEqual(await processesOf(platform.origin, 'idle'), []);
    assert.deepEqual(await scratchDirectories(), []);
    assert.equal((await invoke('idle', { action: 'count' })).payload, 1);
    await platform.clock.advance(LONG_IDLE_MS);
    assert.deepEqual(await processesOf(platform.origin, 'idle'), [], 'the one that replaced it is gone too');
  });

  test('end when the function takes longer than its time-out; the next event gets a new one', async () => {
    await createProbe(lambda, 'slow', { Timeout: 1 });
    await invoke('slow', { action: 'count' });
    const { functionError, payload, requestId } = await invoke('slow', { action: 'hang' });
    assert.equal(functionError, 'Unhandled');
    assert.deepEqual(payload, {
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId} Error: Task timed out after 1.00 seconds`,
    });
    assert.equal((await invoke('slow', { action: 'count' })).payload, 1);
    const log = await logUpTo('slow', requestId);
    const at = log.findIndex((message) => message.includes('Task timed out'));
    assert.match(log[at]!, new RegExp(`^\\S+Z ${requestId} Task timed out after 1\\.00 seconds\n$`));
    assert.equal(log[at + 1], `END RequestId: ${requestId}\n`);
    assert.match(
      log[at + 2]!,
      /^REPORT .*\tDuration: 1000\.00 ms\tBilled Duration: 1000 ms\t.*\tStatus: timeout\n$/,
    );
  });

  for (const [event, message] of [
    [{ action: 'exit', code: 0 }, 'Runtime exited without providing a reason'],
    [{ action: 'exit', code: 7 }, 'Runtime exited with error: exit status 7'],
    [{ action: 'signal', signal: 'SIGKILL' }, 'Runtime exited with error: signal: killed'],
    [{ action: 'signal', signal: 'SIGSEGV' }, 'Runtime exited with error: signal: segmentation fault'],
  ] as const) {
    test(`end with their runtime: ${JSON.stringify(event)}; the next event gets a new one`, async () => {
      const name = `crash-${Object.values(event).join('-')}`;
      await createProbe(lambda, name);
      await invoke(name, { action: 'count' });
      const { functionError, payload, requestId } = await invoke(name, event);
      assert.equal(functionError, 'Unhandled');
      assert.deepEqual(payload, {
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${requestId} Error: ${message}`,
      });
      assert.equal((await invoke(name, { action: 'count' })).payload, 1);
      const log = (await logUpTo(name, requestId)).map((line) => line.trim());
      assert.ok(log.includes(`RequestId: ${requestId} Error: ${message}\nRuntime.ExitError`));
      assert.ok(log.some((line) => /^REPORT .*\tStatus: error\tError Type: Runtime\.ExitError$/.test(line)));
    });
  }

  test('stay when the function throws', async () => {
    await createProbe(lambda, 'throws');
    const { functionError, payload } = await invoke<Record<string, unknown>>('throws', {
      action: 'fail',
      message: 'no',
    });
    assert.equal(functionError, 'Unhandled');
    assert.equal(payload['errorType'], 'RangeError');
    assert.equal(payload['errorMessage'], 'no');
    await invoke('throws', { action: 'count' });
    assert.equal((await invoke('throws', { action: 'count' })).payload, 2);
  });

  test('that are killed while idle are replaced at once', async () => {
    await createProbe(lambda, 'killed');
    for (let round = 0; round < 5; round += 1) {
      assert.equal((await invoke('killed', { action: 'count' })).payload, 1);
      await killProcessesOf(platform.origin, 'killed');
      // No wait: the server may not have heard of the death yet.
    }
    assert.equal((await invoke('killed', { action: 'count' })).functionError, undefined);
  });

  test('that are killed while they work end the invocation', async () => {
    await createProbe(lambda, 'struck');
    await using gate = openGate(platform);
    const held = invoke<{ errorType: string }>('struck', { action: 'pass', gate: gate.name });
    await gate.arrived(1);
    await killProcessesOf(platform.origin, 'struck');
    const { functionError, payload } = await held;
    assert.equal(functionError, 'Unhandled');
    assert.equal(payload.errorType, 'Runtime.ExitError');
  });

  test('whose init fails are initialised once more inside the first invocation', async () => {
    const code = "console.log('loading'); throw new TypeError('cannot start');";
    await createProbe(lambda, 'broken', { Code: { ZipFile: await zipOf({ 'index.js': code }) } });
    const { functionError, payload, requestId } = await invoke<Record<string, unknown>>('broken', {});
    assert.equal(functionError, 'Unhandled');
    assert.equal(payload['errorType'], 'TypeError');
    assert.equal(payload['errorMessage'], 'cannot start');
    const log = await logUpTo('broken', requestId);
    assert.equal(log.filter((message) => message.includes('loading')).length, 2);
    const reports = log.filter((message) => message.startsWith('INIT_REPORT'));
    assert.match(
      reports[0]!,
      /^INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: error\tError Type: /,
    );
    assert.match(
      reports[1]!,
      /^INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: invoke\tStatus: error\tError Type: /,
    );
    assert.ok(log.indexOf(reports[0]!) < log.indexOf(`START RequestId: ${requestId} Version: $LATEST\n`));
    assert.match(log.at(-1)!, /^REPORT .*\tStatus: error\tError Type: /);
  });

  test('whose runtime exits in its init answer with that', async () => {
    const code = 'process.exit(4);';
    await createProbe(lambda, 'leaves', { Code: { ZipFile: await zipOf({ 'index.js': code }) } });
    const { functionError, payload, requestId } = await invoke('leaves', {});
    assert.equal(functionError, 'Unhandled');
    assert.deepEqual(payload, {
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: exit status 4`,
    });
  });

  test('finish on the old code, while the new code already serves', async () => {
    await createProbe(lambda, 'changing');
    await using gate = openGate(platform);
    const held = invoke('changing', { action: 'pass', gate: gate.name, value: 'old' });
    await gate.arrived(1);
    const code = "exports.handler = async () => 'new';";
    await lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: 'changing', ZipFile: await zipOf({ 'index.js': code }) }),
    );
    await updated('changing');
    assert.equal((await invoke('changing', {})).payload, 'new');
    await gate.open();
    assert.equal((await held).payload, 'old');
    assert.equal((await invoke('changing', {})).payload, 'new');
  });

  test('have the new configuration after it was changed', async () => {
    await createProbe(lambda, 'configured', { Environment: { Variables: { COLOUR: 'red' } } });
    assert.equal((await invoke('configured', { action: 'variable', name: 'COLOUR' })).payload, 'red');
    await lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: 'configured',
        Environment: { Variables: { COLOUR: 'blue' } },
      }),
    );
    await updated('configured');
    assert.equal((await invoke('configured', { action: 'variable', name: 'COLOUR' })).payload, 'blue');
  });

  test('of a published version keep its code and configuration', async () => {
    await createProbe(lambda, 'versioned', { Environment: { Variables: { COLOUR: 'red' } } });
    await lambda.send(new PublishVersionCommand({ FunctionName: 'versioned' }));
    await lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: 'versioned',
        Environment: { Variables: { COLOUR: 'blue' } },
      }),
    );
    await updated('versioned');
    const colour = { action: 'variable', name: 'COLOUR' };
    const frozen = await invokeProbe(lambda, 'versioned', colour, { Qualifier: '1' });
    assert.deepEqual([frozen.payload, frozen.executedVersion], ['red', '1']);
    const latest = await invokeProbe(lambda, 'versioned', colour);
    assert.deepEqual([latest.payload, latest.executedVersion], ['blue', '$LATEST']);
    const version = await invokeProbe(lambda, 'versioned:1', {
      action: 'variable',
      name: 'AWS_LAMBDA_FUNCTION_VERSION',
    });
    assert.equal(version.payload, '1');
  });

  test('finish when their function is deleted, and leave nothing', async () => {
    const code = await zipOf({ 'index.js': GATE_ONLY });
    await createProbe(lambda, 'deleted', { Code: { ZipFile: code } });
    await using gate = openGate(platform);
    const packagesBefore = await readdir(join(platform.facts.dataDirectory, 'packages'));
    const held = invoke('deleted', { gate: gate.name });
    await gate.arrived(1);
    const packagesMeanwhile = await readdir(join(platform.facts.dataDirectory, 'packages'));
    assert.equal(packagesMeanwhile.length, packagesBefore.length + 1, 'the package is extracted');
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'deleted' }));
    await assert.rejects(invoke('deleted', {}), { name: 'ResourceNotFoundException' });
    await gate.open();
    assert.equal((await held).payload, 'passed');
    await until(async () => (await processesOf(platform.origin, 'deleted')).length === 0);
    await until(async () => {
      const packages = await readdir(join(platform.facts.dataDirectory, 'packages'));
      return packages.length === packagesBefore.length;
    });
  });

  test('hold the events of one client only as long as it takes, when it goes away', async () => {
    await createProbe(lambda, 'left');
    await using gate = openGate(platform);
    const abort = new AbortController();
    const response = fetch(`${platform.origin}/2015-03-31/functions/left/invocations`, {
      method: 'POST',
      body: JSON.stringify({ action: 'pass', gate: gate.name }),
      headers: {
        Authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0',
      },
      signal: abort.signal,
    });
    await gate.arrived(1);
    abort.abort();
    await assert.rejects(response, { name: 'AbortError' });
    await gate.open();
    await until(async () => (await messages('left')).some((message) => message.startsWith('REPORT')));
    const log = await messages('left');
    assert.doesNotMatch(log.at(-1)!, /Status:/, 'the invocation has run to its end');
    await invoke('left', { action: 'count' });
    assert.equal((await invoke('left', { action: 'count' })).payload, 2);
  });
}

const GATE_ONLY = `
exports.handler = async ({ gate }) => { await (${PASS_GATE})(gate); return 'passed'; };
`;

/** Looks again, a turn of the loop apart, until it is so; the test's own limit is the only one. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
