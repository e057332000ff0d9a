/**
 * Items of tables in the order of their keys, and records of their streams. Keys are bytes that compare as the
 * values they stand for; what is in an item, the store does not know.
 */

/** Where a row stands: the bytes of each part of its key, the first part first. */
export type RowKey = readonly Uint8Array[];

/** What a row holds beside its key, which whoever knows what is in an item finds there. */
export interface StoredItem {
  readonly sizeBytes: number;
  /** The item as text. */
  readonly item: string;
  /** Seconds since the epoch at which it expires; null for never. */
  readonly expires: number | null;
}

export interface ItemRow extends StoredItem {
  /** Partition and sort key; the latter is empty where the table has none. */
  readonly key: RowKey;
}

/** A row of an index. Its key is the index's partition and sort key, and then the item's. */
export interface IndexRow {
  readonly key: RowKey;
  /** Bytes of what the index holds of the item. */
  readonly sizeBytes: number;
}

export interface IndexedItem {
  /** Where the item stands in its table. */
  readonly itemKey: RowKey;
  readonly sizeBytes: number;
}

export interface Bound {
  readonly value: Uint8Array;
  readonly isInclusive: boolean;
}

export interface RowRange {
  /** Only rows whose first part is this. */
  readonly partition?: Uint8Array;
  /** Bounds of the second part where a partition is given, of the first otherwise. */
  readonly low?: Bound | undefined;
  readonly high?: Bound | undefined;
  /** Only rows beyond this one, in the direction of reading. */
  readonly beyond?: RowKey | undefined;
  readonly isDescending: boolean;
}

export interface ShardRow {
  readonly shardId: string;
  /** Which of the stream's lines of shards it is in. */
  readonly slot: number;
  readonly parentShardId: string | null;
  readonly openedMs: number;
  /** First number that a record of it may have. */
  readonly first: number;
  /** Last number of it, once it is closed. */
  readonly last: number | null;
}

export interface StreamRow {
  /** Grows over all streams, never used twice. */
  readonly sequence: number;
  readonly writtenMs: number;
  readonly record: string;
}

export interface NewStreamRow {
  readonly stream: number;
  readonly shardId: string;
  readonly writtenMs: number;
  readonly record: string;
}

/** So many rows, of so many bytes. */
export interface Tally {
  readonly count: number;
  readonly sizeBytes: number;
}

/** Rows within the store's thread. What one request changes is stored as a whole, and answered once it is on disk. */
export interface ItemRows {
  find(table: number, key: RowKey): StoredItem | undefined;
  /** In the order of their keys, read as they are asked for. Nothing of it may be changed meanwhile. */
  items(table: number, range: RowRange): IterableIterator<StoredItem>;
  put(table: number, row: ItemRow): void;
  remove(table: number, key: RowKey): void;
  /** Up to `limit` items that have expired by then. */
  expired(table: number, bySeconds: number, limit: number): StoredItem[];
  /** When the next item expires, in seconds since the epoch. */
  nextExpiry(table: number): number | undefined;
  tallyOfPartition(table: number, partition: Uint8Array): Tally;

  entries(index: number, range: RowRange): IterableIterator<IndexedItem>;
  putEntry(index: number, row: IndexRow): void;
  removeEntry(index: number, key: RowKey): void;
  tallyOfIndexPartition(index: number, partition: Uint8Array): Tally;

  /** How much was counted of a table or an index. */
  tally(owner: number): Tally;
  /** So much more, or less. */
  changeTally(owner: number, change: Tally): void;
  /** Counts the rows of an index. */
  recountIndex(index: number): void;

  shards(stream: number): ShardRow[];
  putShard(stream: number, shard: ShardRow): void;
  removeShard(stream: number, shardId: string): void;
  /** Returns its number. */
  appendRecord(record: NewStreamRow): number;
  /** Records with a number greater than `after`, written at `sinceMs` or later, read as they are asked for. */
  records(stream: number, shardId: string, after: number, sinceMs: number): IterableIterator<StreamRow>;
  /** The highest number ever given. */
  lastSequence(): number;
  /** Removes up to `limit` records that were written before; returns how many there were. */
  dropRecords(stream: number, beforeMs: number, limit: number): number;

  token(scope: string): { readonly value: string; readonly expiresMs: number } | undefined;
  putToken(scope: string, value: string, expiresMs: number): void;
  dropTokens(beforeMs: number): void;

  /** Removes up to `limit` rows of what is no more; returns how many there were. */
  dropTable(table: number, limit: number): number;
  dropIndex(index: number, limit: number): number;
}

/** What decides about requests, in the store's thread. A request that throws changes nothing. */
export interface ItemEngine<Request, Reply> {
  apply(request: Request): Reply;
  /** What was changed since the last commit is undone: what the engine remembers of it holds no more. */
  forget(): void;
}

/** A module that the thread of the store loads. */
export interface ItemEngineModule<Request, Reply> {
  openEngine(rows: ItemRows): ItemEngine<Request, Reply>;
}

/** Requests are applied in the order they were asked for; a reply comes when what it says is on disk. */
export interface ItemStore<Request, Reply> {
  ask(request: Request): Promise<Reply>;
}
