/** What readers of streams hand to whoever handles their batches. */
import type { StreamRecord, StreamStart } from '../ports/stream-source.ts';
import type { BatchWindow } from './tumbling-window.ts';

export interface StreamBatch {
  readonly shardId: string;
  /** In order. Empty only in the final batch of a window. */
  readonly records: readonly StreamRecord[];
  /** Each record as JSON text. */
  readonly texts: readonly string[];
  readonly window?: BatchWindow;
}

/** How a batch was handled. */
export interface BatchOutcome<Run> {
  /** Index of the first record that is not done with; absent: the whole batch is. */
  readonly failedFrom?: number;
  /** What the window knows after this batch. */
  readonly state?: unknown;
  /** Of the attempt, for the record of a batch that is given up. */
  readonly run: Run;
}

/** Why a batch is given up, in AWS's words. */
export type DiscardCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

export interface DiscardedBatch<Run> extends StreamBatch {
  readonly condition: DiscardCondition;
  /** As AWS counts them: the attempt that found the records too old is one. */
  readonly invokeCount: number;
  /** The last attempt, where there was one. */
  readonly lastRun?: Run;
}

export interface StreamHandler<Run> {
  /** A record as JSON text, where that is not what the source gives. */
  text?(record: StreamRecord): string;
  /** Rejects where what handles batches could not be had: that is no attempt, and is repeated until the records are too old. */
  handle(batch: StreamBatch): Promise<BatchOutcome<Run>>;
  /** Keeps record of a batch that is given up; done with when it resolves, repeated when it rejects. */
  discard(batch: DiscardedBatch<Run>): Promise<void>;
  /** Told of records that have been read, and how many of them no filter let through. */
  polled?(count: number, filteredOut: number): void;
}

export interface StreamPolling {
  readonly streamArn: string;
  readonly start: StreamStart;
  /** Records, at most. */
  readonly batchSize: number;
  /** Within which a batch is filled; 0: what is there at once is a batch. */
  readonly windowSeconds: number;
  /** Batches of one shard under way at once; records of one key are in one of them. */
  readonly parallelizationFactor: number;
  /** -1: as long as the stream has them. */
  readonly maximumRecordAgeSeconds: number;
  /** After the first attempt; -1: as long as the stream has the records. */
  readonly maximumRetryAttempts: number;
  readonly bisectsOnError: boolean;
  /** Length of windows with a state; 0: there are none. */
  readonly tumblingWindowSeconds: number;
  /** Patterns; a record passes that any of them matches. */
  readonly filters?: readonly string[];
  /** Bytes of an event around its records; absent: `FRAME_BYTES`. */
  readonly frameBytes?: number;
  /** Who polls, for the log. */
  readonly logFields: object;
}
