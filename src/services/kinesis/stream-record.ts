import type { HashRange } from './hash-key.ts';

/** A shard as stored with its stream. */
export interface ShardRecord extends HashRange {
  /** Its number within the stream, never given again. */
  readonly index: number;
  /** Later than that of its parents by a second at least. */
  readonly createdMs: number;
  /** Indexes of the shards it came from: one after a split, two after a merge. */
  readonly parents: readonly number[];
  /** Set once it takes no more records. */
  readonly closedMs?: number;
}

/** Closes shards and opens others in their place: one of a split or a merge. */
export interface ShardChange {
  /** Indexes; where a change before this one made the shard, as it numbered it. */
  readonly closing: readonly number[];
  readonly opening: readonly HashRange[];
}

export interface Encryption {
  /** As it was given: id, ARN or alias. */
  readonly keyId: string;
}

export interface StreamSettings {
  readonly mode: 'PROVISIONED' | 'ON_DEMAND';
  readonly retentionHours: number;
  readonly maxRecordKiB: number;
  /** Names of shard-level metrics that are on. */
  readonly shardMetrics: readonly string[];
  readonly encryption?: Encryption;
}

/** What happens to a stream when its wait is over. */
export interface PendingChange {
  readonly dueMs: number;
  /** It vanishes. */
  readonly deletes?: true;
  readonly shards?: readonly ShardChange[];
  readonly settings?: Partial<StreamSettings>;
  readonly stopsEncryption?: true;
}

export type StreamStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';

export interface StreamAddress {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
}

/** A stream as stored; its records lie in the shard store under `id`, so that a name made anew starts empty. */
export interface StreamRecord extends StreamAddress {
  readonly id: string;
  readonly createdMs: number;
  readonly status: StreamStatus;
  readonly pending?: PendingChange;
  readonly settings: StreamSettings;
  readonly shards: readonly ShardRecord[];
  readonly tags: Readonly<Record<string, string>>;
  /** The text of its resource policy. */
  readonly policy?: string;
  /** When its shard count and its mode were changed, of the last 24 hours. */
  readonly scaledMs?: readonly number[];
  readonly modeChangedMs?: readonly number[];
}

export function streamArn({ accountId, region, name }: StreamAddress): string {
  return `arn:aws:kinesis:${region}:${accountId}:stream/${name}`;
}

export function streamKey({ accountId, region, name }: StreamAddress): string {
  return `${accountId}/${region}/${name}`;
}

export function shardId(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

/** Undefined for what names no shard. AWS takes the number alone as well: seen with shard `0`. */
export function shardIndex(id: string): number | undefined {
  const digits = /^(?:shardId-)?(\d{1,12})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
