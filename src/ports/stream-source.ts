/** The seam *source* for streams: shards of records that are read in order and stay until they are too old. */

export interface StreamShard {
  readonly shardId: string;
  /** Shards that have to be read to their end before this one: one after a split, two after a merge. */
  readonly parentShardIds: readonly string[];
}

export interface StreamRecord {
  readonly sequenceNumber: string;
  /** Records with the same key are handed over in order: a partition key, or the key of an item. */
  readonly orderKey: string;
  /** When it arrived, in milliseconds since the epoch, by the service clock. */
  readonly arrivedAtMs: number;
  /** The record as AWS hands it to a function, with AWS's member names. */
  readonly record: Readonly<Record<string, unknown>>;
  /** The cursor that goes on after this record. */
  readonly cursor: string;
}

export type StreamStart =
  | { readonly at: 'TRIM_HORIZON' | 'LATEST' }
  | { readonly at: 'AT_TIMESTAMP'; readonly timestampMs: number };

export interface ShardRead {
  readonly records: readonly StreamRecord[];
  /** Where the next read goes on: after the last of `records`. */
  readonly cursor: string;
  /** The shard is closed and `records` are its last. */
  readonly isEnd: boolean;
}

export interface ShardPull {
  readonly max: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Told of the waiting for records, which is no work of the reader's: a clock need not wait for it. */
  readonly waiting?: (news: Promise<void>) => Promise<void>;
}

export interface StreamSource {
  /** Whether there is such a stream. */
  exists(arn: string): Promise<boolean>;
  /** Every shard that still holds records or may get some, parents before children. */
  shards(arn: string): Promise<readonly StreamShard[]>;
  /** Resolves when the shards of the stream have changed since `known` was given, or when the signal ends it. */
  shardsChanged(arn: string, known: readonly StreamShard[], signal: AbortSignal): Promise<void>;
  /** A cursor at a place in a shard. A cursor is text that can be kept, and stays good when the server restarts. */
  open(arn: string, shardId: string, start: StreamStart): Promise<string>;
  /**
   * Up to `max` records after the cursor, as soon as there are any; none only at the end of a shard or when the
   * signal ends it. Waiting costs nothing: the source tells. What has become too old meanwhile is passed over.
   * A signal that has ended before asks for what is there at once. Throws where the stream does not exist any more.
   */
  read(arn: string, shardId: string, cursor: string, pull: ShardPull): Promise<ShardRead>;
}
