/** A stream in memory, a poller that reads it, and what it hands over. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ServiceClock } from '../../src/platform/service-clock.ts';
import type {
  BatchOutcome,
  DiscardedBatch,
  StreamBatch,
  StreamPolling,
} from '../../src/polling/stream-batch.ts';
import { StreamPoller } from '../../src/polling/stream-poller.ts';
import { RecordedLog } from '../storage/recorded-log.ts';
import { MemoryState } from './memory-state.ts';
import { MemoryStream } from './memory-stream.ts';

export const POLLING: StreamPolling = {
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
  start: { at: 'TRIM_HORIZON' },
  batchSize: 100,
  windowSeconds: 0,
  parallelizationFactor: 1,
  maximumRecordAgeSeconds: -1,
  maximumRetryAttempts: -1,
  bisectsOnError: false,
  tumblingWindowSeconds: 0,
  logFields: {},
};

export type Handle = (batch: StreamBatch) => Promise<BatchOutcome<string>> | BatchOutcome<string>;

export const SUCCESS: BatchOutcome<string> = { run: 'ok' };
export const FAILURE: BatchOutcome<string> = { failedFrom: 0, run: 'failed' };

export interface PolledStream {
  readonly stream: MemoryStream;
  readonly state: MemoryState;
  readonly clock: ServiceClock;
  readonly log: RecordedLog;
  readonly batches: StreamBatch[];
  readonly discarded: DiscardedBatch<string>[];
  /** Data of the batches so far. */
  data(): unknown[][];
  /** Waits until it holds. */
  until(condition: () => boolean): Promise<void>;
  /** Nothing happens any more without time or records. */
  settled(): Promise<void>;
  /** `handleBatch` instead of the one that all have. */
  poller(more?: Partial<StreamPolling>, state?: MemoryState, handleBatch?: Handle): StreamPoller<string>;
}

export function polledStream(
  context: TestContext,
  handle: Handle = () => SUCCESS,
  shardCount = 1,
): PolledStream {
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen: true,
    saveOffset: async () => {},
    onTaskError: (error) => assert.fail(error as Error),
  });
  const stream = new MemoryStream(shardCount);
  const firstState = new MemoryState();
  const log = new RecordedLog();
  const batches: StreamBatch[] = [];
  const discarded: DiscardedBatch<string>[] = [];
  const pollers: StreamPoller<string>[] = [];
  context.after(async () => {
    await Promise.all(pollers.map((poller) => poller.stop()));
    clock.close();
  });
  const handlerOf = (handleBatch: Handle) => ({
    handle: async (batch: StreamBatch) => {
      batches.push(batch);
      return handleBatch(batch);
    },
    discard: async (batch: DiscardedBatch<string>) => void discarded.push(batch),
  });
  return {
    stream,
    state: firstState,
    clock,
    log,
    batches,
    discarded,
    data: () => batches.map(({ records }) => records.map(({ record }) => record['data'])),
    async until(condition) {
      while (!condition()) await new Promise(setImmediate);
    },
    async settled() {
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    },
    poller(more = {}, state = firstState, handleBatch = handle) {
      const poller = new StreamPoller(
        { source: stream, handler: handlerOf(handleBatch), state, owner: 'reader', clock, log },
        { ...POLLING, ...more },
      );
      pollers.push(poller);
      poller.start();
      return poller;
    },
  };
}
