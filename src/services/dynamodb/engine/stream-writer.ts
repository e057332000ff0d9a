/** Records of streams, written in the transaction of the change that they tell of. */
import type { ItemRows, RowKey, ShardRow } from '../../../ports/item-store.ts';
import { itemSize } from './item-size.ts';
import type { Item } from './item-text.ts';
import { itemOfText, textOfItem } from './item-text.ts';
import { PLACE_BYTES } from './key-bytes.ts';
import type { StreamLayout, TableLayout } from './table-layout.ts';

/** Source: "Change data capture for DynamoDB Streams": a shard takes records for about four hours. */
const SHARD_LIFE_MS = 4 * 3_600_000;
/** Source: the same: records stay that long. */
export const STREAM_RETENTION_MS = 24 * 3_600_000;

const PLACES = 2 ** (8 * PLACE_BYTES);

export interface StreamedChange {
  readonly key: RowKey;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly beforeBytes: number;
  readonly afterBytes: number;
  readonly nowMs: number;
  /** Done by DynamoDB, since the item had expired. */
  readonly isExpiry: boolean;
}

export class StreamWriter {
  private readonly rows: ItemRows;
  /** The last shard of each slot, by stream. */
  private readonly latest = new Map<number, Map<number, ShardRow>>();
  private readonly resharded = new Set<number>();

  constructor(rows: ItemRows) {
    this.rows = rows;
  }

  append(table: TableLayout, stream: StreamLayout, change: StreamedChange): void {
    const { key, before, after, nowMs } = change;
    const place = Buffer.from(key[0]!.buffer, key[0]!.byteOffset, PLACE_BYTES).readUInt32BE();
    const slot = Math.floor((place * stream.slots) / PLACES);
    const { shardId } = this.currentShard(stream, slot, nowMs);
    const keys = keysOf(table, itemOfText(after ?? before!));
    const { viewType } = stream;
    const newImage = viewType === 'KEYS_ONLY' || viewType === 'OLD_IMAGE' ? undefined : after;
    const oldImage = viewType === 'KEYS_ONLY' || viewType === 'NEW_IMAGE' ? undefined : before;
    const sizeBytes =
      itemSize(keys) +
      (newImage === undefined ? 0 : change.afterBytes) +
      (oldImage === undefined ? 0 : change.beforeBytes);
    const record =
      `{"eventName":"${before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY'}",` +
      `"isExpiry":${change.isExpiry},"viewType":"${viewType}","sizeBytes":${sizeBytes},"keys":${textOfItem(keys)}` +
      (newImage === undefined ? '' : `,"newImage":${newImage}`) +
      (oldImage === undefined ? '' : `,"oldImage":${oldImage}`) +
      '}';
    this.rows.appendRecord({ stream: stream.id, shardId, writtenMs: nowMs, record });
  }

  /** All shards that have not been forgotten; a stream that has none gets its first ones. */
  shards(stream: StreamLayout, nowMs: number): ShardRow[] {
    for (let slot = 0; slot < stream.slots; slot++) this.currentShard(stream, slot, nowMs);
    return this.rows.shards(stream.id);
  }

  /** Streams that have begun shards since this was last asked; undefined for none. */
  takeResharded(): readonly number[] | undefined {
    if (this.resharded.size === 0) return undefined;
    const streams = [...this.resharded];
    this.resharded.clear();
    return streams;
  }

  /** Nothing more will be written to the stream. */
  close(stream: number): void {
    const last = this.rows.lastSequence();
    for (const shard of this.rows.shards(stream)) {
      if (shard.last === null) this.rows.putShard(stream, { ...shard, last });
    }
    this.latest.delete(stream);
  }

  /** Removes up to `limit` records that are too old, and closed shards after the last of them; returns whether any are left. */
  sweep(stream: number, nowMs: number, limit: number): boolean {
    const beforeMs = nowMs - STREAM_RETENTION_MS;
    if (this.rows.dropRecords(stream, beforeMs, limit) === limit) return true;
    for (const shard of this.rows.shards(stream)) {
      if (shard.last === null || shard.openedMs + SHARD_LIFE_MS >= beforeMs) continue;
      this.rows.removeShard(stream, shard.shardId);
    }
    return false;
  }

  forget(): void {
    this.latest.clear();
    this.resharded.clear();
  }

  private currentShard(stream: StreamLayout, slot: number, nowMs: number): ShardRow {
    const shards = this.latestShards(stream.id);
    const current = shards.get(slot);
    if (current?.last === null && nowMs < current.openedMs + SHARD_LIFE_MS) return current;
    const last = this.rows.lastSequence();
    if (current?.last === null) this.rows.putShard(stream.id, { ...current, last });
    const shard: ShardRow = {
      shardId: shardIdOf(nowMs, stream.id, slot),
      slot,
      parentShardId: current?.shardId ?? null,
      openedMs: nowMs,
      first: last + 1,
      last: null,
    };
    this.rows.putShard(stream.id, shard);
    shards.set(slot, shard);
    this.resharded.add(stream.id);
    return shard;
  }

  private latestShards(stream: number): Map<number, ShardRow> {
    const known = this.latest.get(stream);
    if (known !== undefined) return known;
    const bySlot = new Map(this.rows.shards(stream).map((shard) => [shard.slot, shard]));
    this.latest.set(stream, bySlot);
    return bySlot;
  }
}

/** As AWS names them: the time, and something that tells them apart: `shardId-00000001414576573621-f55eea83`. */
function shardIdOf(nowMs: number, stream: number, slot: number): string {
  const tail = ((stream + slot * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
  return `shardId-${String(nowMs).padStart(20, '0')}-${tail}`;
}

function keysOf({ key: { partition, sort } }: TableLayout, item: Item): Item {
  const keys: Record<string, Item[string]> = { [partition.name]: item[partition.name]! };
  if (sort !== undefined) keys[sort.name] = item[sort.name]!;
  return keys;
}
