/** Records that one append has put into one shard, as bytes that their owner alone reads. */
export interface RecordChunk {
  /** Names the shard; never reused for another. */
  readonly shard: string;
  /** Position of the first record; those of a shard rise by one from 1 and are never reused. */
  readonly first: number;
  readonly last: number;
  /** Service time of the append, milliseconds since the epoch; never falls within a shard. */
  readonly arrivedMs: number;
  readonly bytes: Uint8Array;
}

export interface ShardEnd {
  readonly shard: string;
  /** The highest position ever used, removed records included. */
  readonly position: number;
  /** When its last record arrived; 0 where it holds none. */
  readonly arrivedMs: number;
}

export interface ChunkRange {
  readonly shard: string;
  /** Chunks with a record after this position. */
  readonly after: number;
  /** Chunks that arrived at this time or later. */
  readonly sinceMs: number;
  /** Ends with the chunk that reaches this. */
  readonly maxBytes: number;
  readonly maxRecords: number;
}

/**
 * Records of shards in the order of their arrival. Appends that come while one is being synced share the next
 * sync; they are applied, and resolve, in the order they were asked for.
 */
export interface ShardStore {
  /** Every shard that ever held a record and was not removed. For the start only. */
  ends(): Promise<readonly ShardEnd[]>;
  /** All or nothing; durable when it resolves. */
  append(chunks: readonly RecordChunk[]): Promise<void>;
  /** By position. What was appended before the call is seen. */
  read(range: ChunkRange): Promise<readonly RecordChunk[]>;
  /** The position after which everything arrived at this time or later. */
  positionBefore(shard: string, arrivedMs: number): Promise<number>;
  /** Removes what arrived before; resolves to the arrival of the oldest left, undefined where none is. */
  trim(shard: string, beforeMs: number): Promise<number | undefined>;
  /** Forgets the shards and all they hold. */
  remove(shards: readonly string[]): Promise<void>;
}
