/** The Restore phase by itself: what it tells, and how it fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Environment } from '../../../src/lambda/invoke/environment.ts';
import { EnvironmentLog } from '../../../src/lambda/invoke/environment-log.ts';
import { SnapshotLost } from '../../../src/lambda/invoke/restore-phase.ts';
import type { LoggingConfig } from '../../../src/lambda/records/function-record.ts';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  TelemetryEvent,
} from '../../../src/ports/environment.ts';
import { NODE, specBelow } from '../../sandbox/nobody.ts';
import { FakeRuntime, FakeSandbox } from './fake-sandbox.ts';
import { frozenClock, functionRecord, invocation, MemoryLogSink, RecordingOwner } from './fixtures.ts';

const TEXT: LoggingConfig = { format: 'Text', logGroup: '/aws/lambda/echo' };

/** An environment to be restored; `behave` is what each copy does. */
function restorable(behave: (copy: FakeRuntime, count: number) => void, logging = TEXT) {
  const told: TelemetryEvent[] = [];
  let count = 0;
  let discarded = 0;
  class Subscribed extends FakeRuntime {
    readonly telemetry = (event: TelemetryEvent): number => told.push(event);
  }
  const snapshot = {
    restore: async (spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> => {
      const copy = new Subscribed(spec, listener);
      count += 1;
      setImmediate(behave, copy, count);
      return copy;
    },
    discard: async () => {
      discarded += 1;
    },
  };
  const sink = new MemoryLogSink();
  const record = functionRecord({ version: '1', snapStartApplyOn: 'PublishedVersions', logging });
  const log = new EnvironmentLog(sink, frozenClock, record, 'stream', 'snap-start');
  const spec = specBelow('/code', { installation: { ...NODE, version: '24.1.0' } });
  const deps = { clock: frozenClock, sandbox: new FakeSandbox(), log, snapshot };
  const environment = new Environment(deps, record, spec, new RecordingOwner());
  return { environment, sink, told, discarded: () => discarded };
}

function comeToBe({ listener }: FakeRuntime): void {
  listener.restored?.();
  listener.initRuntimeDone?.('success');
  listener.ready();
}

test('subscribers and the JSON log are told of the phase as AWS tells them', async () => {
  const logging: LoggingConfig = { format: 'JSON', systemLogLevel: 'DEBUG', logGroup: '/aws/lambda/echo' };
  const { environment, sink, told } = restorable((copy) => {
    copy.onInvoke = () => copy.respond('1');
    comeToBe(copy);
  }, logging);
  await environment.start();
  const { report } = await environment.invoke(invocation({ wantsLogTail: true }));
  assert.equal(report.initDurationMs, undefined);
  const { durationMs, billedDurationMs } = report.restore!;
  assert.ok(billedDurationMs <= Math.ceil(durationMs));
  const phase = told.filter(({ type }) => type.startsWith('platform.restore'));
  assert.deepEqual(
    phase.map(({ type }) => type),
    ['platform.restoreStart', 'platform.restoreRuntimeDone', 'platform.restoreReport'],
  );
  const [start, done, restored] = phase.map(({ record }) => record as Record<string, unknown>);
  assert.deepEqual(Object.keys(start!).sort(), [
    ...['functionName', 'functionVersion', 'instanceId', 'instanceMaxMemory'],
    ...['runtimeVersion', 'runtimeVersionArn'],
  ]);
  assert.deepEqual(done, { status: 'success' });
  assert.equal(restored!['status'], 'success');
  const lines = sink.messages.map((text) => JSON.parse(text) as { type: string; record: object });
  assert.deepEqual(
    lines.map(({ type }) => type),
    ['platform.restoreStart', 'platform.restoreReport', 'platform.start', 'platform.report'],
  );
  const { metrics } = lines[3]!.record as { metrics: Record<string, number> };
  assert.equal(metrics['billedRestoreDurationMs'], billedDurationMs);
  assert.equal(metrics['restoreDurationMs'], Math.round(durationMs * 1_000) / 1_000);
  assert.equal(metrics['initDurationMs'], undefined);
});

test('hooks that take ten seconds are the end of it', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { environment, sink } = restorable(({ listener }) => {
    listener.restored?.();
    context.mock.timers.tick(10_000);
  });
  await assert.rejects(environment.start(), { code: 'SnapStartTimeoutException' });
  assert.match(sink.messages.at(-1)!, /^RESTORE_REPORT Restore Duration: \S+ ms\tStatus: timeout\n$/);
});

test('a snapshot that ends before the copy has come to be is taken anew, once', async () => {
  const { environment, discarded } = restorable((copy, count) => {
    if (count === 1) copy.exit(1);
    else comeToBe(copy);
  });
  await environment.start();
  assert.equal(environment.state, 'ready');
  assert.equal(discarded(), 1);
  const hopeless = restorable((copy) => copy.exit(1));
  await assert.rejects(hopeless.environment.start(), SnapshotLost);
  assert.equal(hopeless.discarded(), 1);
});

test('a copy that ends in its hooks is the function’s failure', async () => {
  const { environment } = restorable((copy) => {
    copy.listener.restored?.();
    copy.exit(1);
  });
  await assert.rejects(environment.start(), { code: 'SnapStartException' });
});
