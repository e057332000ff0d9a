/** Kinesis without a server, on stores of its own and a clock that stands still until a test moves it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { RecordedMetrics } from '../../../src/platform/recorded-metrics.ts';
import { createSeams } from '../../../src/platform/seams.ts';
import { ServiceClock } from '../../../src/platform/service-clock.ts';
import type { RequestContext } from '../../../src/ports/service.ts';
import { openKinesis } from '../../../src/services/kinesis/kinesis.ts';
import type { KinesisOperations } from '../../../src/services/kinesis/kinesis-context.ts';
import { openSqliteShardStore } from '../../../src/storage/shards/shard-store.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

export const ACCOUNT = '111111111111';
export const REGION = 'eu-west-1';

/** How long a new stream is not active yet, and more. */
const SETTLING_MS = 1000;

type Implemented = { [Name in keyof KinesisOperations]-?: NonNullable<KinesisOperations[Name]> };

export function caller(): RequestContext {
  return {
    requestId: randomUUID(),
    region: REGION,
    accountId: ACCOUNT,
    accessKeyId: 'test',
    headers: {},
    origin: 'http://127.0.0.1:4566',
    signal: new AbortController().signal,
    answerHeaders: {},
  };
}

export function arnOf(name: string): string {
  return `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/${name}`;
}

/** `reopen` opens it on the same files once more. */
export async function openTestKinesis(test: TestContext) {
  const directory = await scratchDirectory(test);
  const log = new RecordedLog();
  const metrics = new RecordedMetrics();
  const { call } = createSeams(randomIds, () => '');
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen: true,
    saveOffset: async () => {},
    onTaskError: (error) => {
      throw error;
    },
  });
  test.after(() => clock.close());
  const open = async () => {
    const state = await openSqliteStateStore({ file: join(directory, 'records.db'), log });
    const shards = await openSqliteShardStore({ file: join(directory, 'shards.db'), log });
    const kinesis = await openKinesis({ state, shards, metrics, call, clock, ids: randomIds });
    const operations = kinesis.service.operations as Implemented;
    let closed = false;
    const close = async () => {
      if (closed) return;
      closed = true;
      kinesis.close();
      await Promise.all([state.close(), shards.close()]);
    };
    test.after(close);
    const settle = () => clock.advance(SETTLING_MS);
    return {
      ...kinesis,
      operations,
      shards,
      clock,
      close,
      settle,
      async reopen() {
        await close();
        return open();
      },
      /** A stream that is active. */
      async stream(name: string, shardCount = 1): Promise<string> {
        await operations.CreateStream({ StreamName: name, ShardCount: shardCount }, caller());
        await settle();
        return arnOf(name);
      },
      put: (name: string, key: string, data: string) =>
        operations.PutRecord({ StreamName: name, PartitionKey: key, Data: Buffer.from(data) }, caller()),
    };
  };
  return open();
}
