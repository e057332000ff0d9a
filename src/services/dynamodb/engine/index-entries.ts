/** What indexes hold of an item. */
import type { ItemRows, RowKey } from '../../../ports/item-store.ts';
import { fitsKey } from './item-checks.ts';
import { itemSize } from './item-size.ts';
import type { Item } from './item-text.ts';
import { attributeOf } from './item-text.ts';
import { rowKeyOf } from './key-bytes.ts';
import type { IndexLayout, TableLayout } from './table-layout.ts';

/** Bytes that an index takes for an item beyond its attributes; source: "Storage considerations" of GSIs and LSIs. */
export const INDEX_OVERHEAD_BYTES = 100;

export interface IndexEntry {
  readonly key: RowKey;
  readonly sizeBytes: number;
}

/**
 * Undefined where an attribute of the index's key is missing, or has a value that cannot be one, as items that were there
 * before the index may: such an item is not in it. Source: "Detecting and correcting index key violations".
 */
export function entryOf(index: IndexLayout, table: TableLayout, item: Item): IndexEntry | undefined {
  if (!hasKey(index, item)) return undefined;
  return {
    key: [...rowKeyOf(index.key, item), ...rowKeyOf(table.key, item)],
    sizeBytes: itemSize(projected(index, table, item)),
  };
}

/** The part of an item that an index holds. */
export function projected(index: IndexLayout, table: TableLayout, item: Item): Item {
  if (index.projection === 'ALL') return item;
  const held: Record<string, Item[string]> = {};
  for (const name of heldNames(index, table)) {
    const value = attributeOf(item, name);
    if (value !== undefined) held[name] = value;
  }
  return held;
}

export function heldNames(index: IndexLayout, table: TableLayout): Set<string> {
  const names = [...keyNames(table.key), ...keyNames(index.key)];
  return new Set(index.projection === 'ALL' ? names : [...names, ...index.projection]);
}

export function keyNames({ partition, sort }: TableLayout['key']): string[] {
  return sort === undefined ? [partition.name] : [partition.name, sort.name];
}

function hasKey({ key: { partition, sort } }: IndexLayout, item: Item): boolean {
  return (
    fitsKey(partition, attributeOf(item, partition.name), true) &&
    (sort === undefined || fitsKey(sort, attributeOf(item, sort.name), false))
  );
}

/**
 * Brings an index in line with a change of an item. Returns the sizes of what was written to it, one for each
 * write: two where the entry's key has changed. Source: "Provisioned throughput considerations for GSIs".
 */
export function changeEntry(
  rows: ItemRows,
  index: IndexLayout,
  before: { readonly entry: IndexEntry | undefined; readonly held: string },
  after: { readonly entry: IndexEntry | undefined; readonly held: string },
): number[] {
  const written: number[] = [];
  const isMoved =
    before.entry === undefined || after.entry === undefined || !isSameKey(before.entry.key, after.entry.key);
  if (!isMoved && before.held === after.held) return written;
  if (before.entry !== undefined && isMoved) {
    rows.removeEntry(index.id, before.entry.key);
    written.push(before.entry.sizeBytes);
  }
  if (after.entry !== undefined) {
    rows.putEntry(index.id, after.entry);
    written.push(isMoved ? after.entry.sizeBytes : Math.max(before.entry!.sizeBytes, after.entry.sizeBytes));
  }
  return written;
}

function isSameKey(left: RowKey, right: RowKey): boolean {
  return left.every((part, index) => Buffer.compare(part, right[index]!) === 0);
}
