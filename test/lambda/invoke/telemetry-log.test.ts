import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EnvironmentLog } from '../../../src/lambda/invoke/environment-log.ts';
import type { LoggingConfig } from '../../../src/lambda/records/function-record.ts';
import type { RunningEnvironment, TelemetryEvent } from '../../../src/ports/environment.ts';
import { frozenClock, functionRecord, MemoryLogSink, NOW_MS } from './fixtures.ts';

function connectedLog(format: LoggingConfig['format']): { log: EnvironmentLog; told: TelemetryEvent[] } {
  const told: TelemetryEvent[] = [];
  const record = functionRecord({ logging: { format, logGroup: '/aws/lambda/echo' } });
  const log = new EnvironmentLog(new MemoryLogSink(), frozenClock, record, 'stream');
  const running: RunningEnvironment = {
    telemetry: (event) => told.push(event),
    invoke() {},
    maxMemoryBytes: async () => 0,
    kill: async () => {},
  };
  log.connect(running);
  return { log, told };
}

const LINES = ['{"level":"INFO"}', '{broken', 'plain'];

for (const [format, records] of [
  ['JSON', [{ level: 'INFO' }, '{broken', 'plain']],
  ['Text', ['{"level":"INFO"}\n', '{broken\n', 'plain\n']],
] as const) {
  test(`with the log format ${format} subscribers are told lines as AWS tells them`, () => {
    const { log, told } = connectedLog(format);
    for (const text of LINES) log.output({ text });
    const time = new Date(NOW_MS).toISOString();
    assert.deepEqual(
      told,
      records.map((record) => ({ time, type: 'function', record })),
    );
  });
}

test('subscribers are told only Lambda’s own kinds of error', () => {
  const { log, told } = connectedLog('Text');
  const done = { status: 'error', durationMs: 1.2345678, producedBytes: 0 } as const;
  log.runtimeDone('id-1', { ...done, errorType: 'MyError' });
  log.runtimeDone('id-2', { ...done, errorType: 'Runtime.ExitError' });
  assert.deepEqual(
    told.map(({ record }) => record),
    [
      ['id-1', 'Runtime.Unknown'],
      ['id-2', 'Runtime.ExitError'],
    ].map(([requestId, errorType]) => ({
      requestId,
      status: 'error',
      errorType,
      metrics: { durationMs: 1.235, producedBytes: 0 },
    })),
  );
});
