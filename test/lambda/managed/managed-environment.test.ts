/** One environment with several events, over a runtime that does what the test says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EnvironmentLog } from '../../../src/lambda/invoke/environment-log.ts';
import { ManagedEnvironment } from '../../../src/lambda/invoke/managed-environment.ts';
import { FakeSandbox } from '../invoke/fake-sandbox.ts';
import {
  environmentSpec,
  frozenClock,
  functionRecord,
  invocation,
  MemoryLogSink,
} from '../invoke/fixtures.ts';

/** Largest response, bytes. */
const MAX_RESPONSE_BYTES = 6_291_556;
const INIT_LIMIT_MS = 130_000;

function opened() {
  const sandbox = new FakeSandbox();
  const sink = new MemoryLogSink();
  const calls: string[] = [];
  const record = {
    ...functionRecord({ timeoutSeconds: 3 }),
    capacity: { providerArn: 'arn', maxConcurrency: 2 },
  };
  const log = new EnvironmentLog(sink, frozenClock, record, 'stream', 'lambda-managed-instances');
  const environment = new ManagedEnvironment({ clock: frozenClock, sandbox, log }, record, environmentSpec, {
    onFree: () => calls.push('free'),
    onStopping: () => calls.push('stopping'),
    onDead: () => calls.push('dead'),
  });
  return { environment, sandbox, sink, calls };
}

/** Reports follow a turn of the loop after the answer. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an answer that is too large is refused, and the environment serves on', async () => {
  const { environment, sandbox } = opened();
  assert.equal(await environment.start(), undefined);
  const outcome = environment.invoke(invocation());
  sandbox.started[0]!.respond('"'.repeat(MAX_RESPONSE_BYTES + 1));
  const { functionError, payload } = await outcome;
  assert.equal(functionError, 'Unhandled');
  assert.deepEqual(JSON.parse(payload.toString()), {
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
  });
  assert.equal(environment.free, 2);
});

test('a caller whose time is up is answered, and the place is free with the answer of the code', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { environment, sandbox, calls } = opened();
  await environment.start();
  const outcome = environment.invoke(invocation());
  context.mock.timers.tick(3_000);
  const { payload, report } = await outcome;
  assert.match(payload.toString(), /Task timed out after 3\.00 seconds/);
  assert.deepEqual([report.status, report.durationMs], ['timeout', 3_000]);
  assert.deepEqual([environment.free, calls], [1, []]);
  sandbox.started[0]!.respond('"late"');
  assert.deepEqual([environment.free, calls], [2, ['free']]);
});

test('a runtime that runs out of memory ends each of its events with its own report', async () => {
  const { environment, sandbox, sink, calls } = opened();
  await environment.start();
  const both = ['one', 'two'].map((requestId) => environment.invoke(invocation({ requestId })));
  sandbox.started[0]!.listener.exit({ code: null, signal: 'SIGKILL', outOfMemory: true });
  for (const [index, { payload, errorType, report }] of (await Promise.all(both)).entries()) {
    const id = ['one', 'two'][index];
    assert.deepEqual(JSON.parse(payload.toString()), {
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${id} Error: Runtime exited with error: signal: killed`,
    });
    assert.deepEqual([errorType, report.status], ['Runtime.OutOfMemory', 'error']);
  }
  await turn();
  await turn();
  const reports = sink.messages.filter((line) => line.startsWith('REPORT'));
  assert.equal(reports.length, 2);
  for (const line of reports)
    assert.match(line, /Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime\.OutOfMemory/);
  assert.equal(environment.state, 'dead');
  assert.deepEqual(calls, ['free', 'free', 'stopping', 'dead']);
});

test('an init that takes too long has failed, and nothing of it is left', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { environment, sandbox, sink } = opened();
  sandbox.behave = () => {};
  const started = environment.start();
  await turn();
  context.mock.timers.tick(INIT_LIMIT_MS);
  assert.equal((await started)?.errorType, 'Sandbox.Timedout');
  assert.match(sink.messages.at(-1)!, /^INIT_REPORT .*Phase: init\tStatus: timeout/);
  assert.equal(sandbox.started[0]!.killed, true);
  await environment.stop();
  assert.equal(environment.state, 'dead');
});

test('one that is stopped while it starts reports nothing', async () => {
  const { environment, sandbox, sink, calls } = opened();
  sandbox.behave = () => {};
  const started = environment.start();
  await turn();
  await environment.stop();
  assert.notEqual(await started, undefined);
  assert.deepEqual(
    sink.messages.filter((line) => line.startsWith('INIT_REPORT')),
    [],
  );
  assert.deepEqual([calls, sandbox.started[0]!.killed], [['stopping', 'dead'], true]);
});
