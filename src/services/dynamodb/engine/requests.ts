/** What is asked of the engine, and what it answers. All of it can be sent between threads. */
import type { Bound, RowKey, ShardRow, Tally } from '../../../ports/item-store.ts';
import type { Condition, Projection, Update } from '../expressions/parsed.ts';
import type { StreamLayout, TableLayout } from './table-layout.ts';

interface KeyedWrite {
  readonly table: number;
  readonly key: RowKey;
  readonly condition?: Condition | undefined;
  /** Whether a refusal is to show the item. */
  readonly showsRefused?: boolean;
  /** What the result is to hold. */
  readonly returns?: readonly ('before' | 'after')[];
  readonly measuresCollection?: boolean;
}

export type Write =
  | (KeyedWrite & { readonly kind: 'put'; readonly item: string; readonly sizeBytes: number })
  | (KeyedWrite & { readonly kind: 'delete' | 'check' })
  | (KeyedWrite & {
      readonly kind: 'update';
      /** The item of its key alone, as which one that is not there begins. */
      readonly keyItem: string;
      readonly update: Update | undefined;
    });

/** All or nothing. */
export interface WriteRequest {
  readonly ask: 'write';
  readonly nowMs: number;
  readonly writes: readonly Write[];
  /** Under which the same request is done once. */
  readonly token?: { readonly scope: string; readonly digest: string; readonly expiresMs: number };
}

export interface WriteResult {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly beforeBytes: number;
  readonly afterBytes: number;
  /** Bytes of each write to an index, by its name. */
  readonly indexBytes?: Readonly<Record<string, readonly number[]>>;
  /** Bytes of all items with this partition key, in the table and its local indexes. */
  readonly collectionBytes?: number;
  /** Seconds since the epoch at which the item expires now. */
  readonly expires?: number | undefined;
}

export interface Refusal {
  readonly code: 'ConditionalCheckFailed' | 'ValidationError';
  readonly message: string;
  /** Bytes of the item that is there. */
  readonly sizeBytes: number;
  readonly item?: string | undefined;
}

export type WriteReply =
  | {
      readonly kind: 'written';
      readonly results: readonly WriteResult[];
      /** Streams that have begun new shards for it. */
      readonly resharded?: readonly number[];
    }
  | { readonly kind: 'refused'; readonly refusals: readonly (Refusal | undefined)[] }
  /** Done before, or with another request under the token. */
  | { readonly kind: 'repeated'; readonly isSame: boolean };

export interface ReadRequest {
  readonly ask: 'read';
  readonly table: number;
  readonly index?: number | undefined;
  readonly partition?: Uint8Array;
  readonly low?: Bound | undefined;
  readonly high?: Bound | undefined;
  readonly beyond?: RowKey | undefined;
  readonly isDescending: boolean;
  /** Items looked at. */
  readonly limit: number;
  readonly filter?: Condition | undefined;
  readonly projection?: Projection | undefined;
  /** Attributes that an index does not hold, too. */
  readonly isWhole: boolean;
  readonly isCount: boolean;
}

export interface ReadReply {
  /** A JSON array in UTF-8, without an item where only the count was asked for. */
  readonly items: Uint8Array;
  readonly count: number;
  readonly scanned: number;
  readonly sizeBytes: number;
  /** Bytes read from the table, for attributes that the index does not hold, one for each item. */
  readonly fetchedBytes: readonly number[];
  /** Key of the last item looked at, where there may be more. */
  readonly lastKey?: string | undefined;
}

export interface GetRequest {
  readonly ask: 'get';
  readonly gets: readonly {
    readonly table: number;
    readonly key: RowKey;
    readonly projection?: Projection | undefined;
  }[];
}

export type GetReply = readonly { readonly item?: string; readonly sizeBytes: number }[];

export interface StreamRecordReply {
  readonly sequence: number;
  readonly writtenMs: number;
  readonly record: string;
}

export interface StreamRecordsReply {
  readonly records: readonly StreamRecordReply[];
  /** Whether the shard has no more, and will get no more. */
  readonly isEnd: boolean;
}

export type EngineRequest =
  | WriteRequest
  | ReadRequest
  | GetRequest
  | { readonly ask: 'define'; readonly table: TableLayout; readonly nowMs: number }
  | { readonly ask: 'tally'; readonly table: number }
  | {
      readonly ask: 'backfill';
      readonly table: number;
      readonly index: number;
      readonly beyond?: RowKey | undefined;
    }
  | {
      readonly ask: 'redate';
      readonly table: number;
      readonly nowMs: number;
      readonly beyond?: RowKey | undefined;
    }
  | { readonly ask: 'expire'; readonly table: number; readonly nowMs: number }
  | { readonly ask: 'drop'; readonly table?: number; readonly index?: number }
  | { readonly ask: 'shards'; readonly stream: StreamLayout; readonly nowMs: number }
  | { readonly ask: 'closeStream'; readonly stream: number }
  | { readonly ask: 'dropStream'; readonly stream: number }
  | {
      readonly ask: 'records';
      readonly stream: number;
      readonly shardId: string;
      readonly after: number;
      readonly sinceMs: number;
      readonly limit: number;
    }
  | { readonly ask: 'sweep'; readonly nowMs: number; readonly stream: number };

/** What the engine replies to each request. */
export interface EngineReplies {
  readonly write: WriteReply;
  readonly read: ReadReply;
  readonly get: GetReply;
  readonly define: undefined;
  readonly tally: { readonly table: Tally; readonly indexes: Readonly<Record<string, Tally>> };
  /** Where to go on; undefined at the end. */
  readonly backfill: RowKey | undefined;
  readonly redate: RowKey | undefined;
  /** How many were removed, and when the next expires, in seconds since the epoch. */
  readonly expire: { readonly removed: number; readonly nextExpiry: number | undefined };
  /** Whether something is left. */
  readonly drop: boolean;
  readonly shards: {
    readonly shards: readonly ShardRow[];
    readonly lastSequence: number;
    readonly resharded?: readonly number[];
  };
  readonly closeStream: undefined;
  readonly dropStream: boolean;
  /** Undefined where there is no such shard. */
  readonly records: StreamRecordsReply | undefined;
  /** Whether something is left. */
  readonly sweep: boolean;
}

export type EngineReply = EngineReplies[keyof EngineReplies];
