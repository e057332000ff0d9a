import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RequestContext } from '../../../src/ports/service.ts';
import { openLogs } from '../../../src/services/logs/logs.ts';
import type { LogsOperations } from '../../../src/services/logs/logs-context.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { openSqliteStreamLog } from '../../../src/storage/stream-log/stream-log.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { SettableClock } from '../settable-clock.ts';

export const ACCOUNT = '111111111111';
export const REGION = 'eu-west-1';
/** Where the clock of `openTestLogs` stands: 2026-01-02T03:04:05.678Z. */
export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

type Implemented = { [Name in keyof LogsOperations]-?: NonNullable<LogsOperations[Name]> };

export const address = (group: string, stream: string) => ({
  accountId: ACCOUNT,
  region: REGION,
  group,
  stream,
});

export function requestContext(signal: AbortSignal = new AbortController().signal): RequestContext {
  return {
    requestId: randomUUID(),
    region: REGION,
    accountId: ACCOUNT,
    accessKeyId: 'test',
    headers: {},
    origin: 'http://127.0.0.1:4566',
    signal,
    answerHeaders: {},
  };
}

type Seams = Pick<Parameters<typeof openLogs>[0], 'deliver' | 'call'>;

const unexpected = (): never => assert.fail('no other service is asked');
const noSeams: Seams = { deliver: unexpected, call: unexpected };

/** CloudWatch Logs on stores of its own; `reopen` closes and opens it on the same files. */
export async function openTestLogs(test: TestContext, { deliver, call }: Seams = noSeams) {
  const directory = await scratchDirectory(test);
  const clock = new SettableClock(NOW_MS);
  const log = new RecordedLog();
  const ids = {
    uuid: () => randomUUID(),
    hex: (bytes: number) => randomBytes(bytes).toString('hex'),
    random: Math.random,
  };
  const open = async () => {
    const state = await openSqliteStateStore({ file: join(directory, 'records.db'), log });
    const streamLog = await openSqliteStreamLog({ file: join(directory, 'logs.db'), log });
    const logs = await openLogs({
      state,
      streamLog,
      clock,
      ids,
      log,
      deliver,
      call,
      requireOfRole: async () => {},
    });
    let closed = false;
    const close = async () => {
      if (closed) return;
      closed = true;
      await logs.close();
      await Promise.all([state.close(), streamLog.close()]);
    };
    test.after(close);
    return { ...logs, streamLog, operations: logs.service.operations as Implemented, close };
  };
  return { ...(await open()), clock, ids, log, reopen: open };
}
