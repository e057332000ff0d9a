import type { ItemCollectionMetrics } from '@aws-sdk/client-dynamodb';
import type { Item } from './engine/item-text.ts';
import type { WriteResult } from './engine/requests.ts';
import type { Table } from './table.ts';

const GIGABYTE = 1024 ** 3;

export function hasCollections({ layout }: Table): boolean {
  return layout.indexes.some(({ isLocal }) => isLocal);
}

/** Of a table with local indexes; the estimate is told in whole gigabytes between which it lies. */
export function collectionMetrics(
  { layout }: Table,
  item: Item,
  sizeBytes: number | undefined,
): ItemCollectionMetrics | undefined {
  if (sizeBytes === undefined) return undefined;
  const { name } = layout.key.partition;
  const whole = Math.floor(sizeBytes / GIGABYTE);
  return { ItemCollectionKey: { [name]: item[name]! }, SizeEstimateRangeGB: [whole, whole + 1] };
}

/** Of several writes, by the table's name; nothing where nothing was measured. */
export function collectionsOf(
  writes: readonly { readonly table: Table; readonly item: Item }[],
  results: readonly WriteResult[],
): { ItemCollectionMetrics?: Record<string, ItemCollectionMetrics[]> } {
  const metrics: Record<string, ItemCollectionMetrics[]> = {};
  for (const [index, { collectionBytes }] of results.entries()) {
    const { table, item } = writes[index]!;
    const measured = collectionMetrics(table, item, collectionBytes);
    if (measured !== undefined) addTo(metrics, table.record.name, measured);
  }
  return Object.keys(metrics).length === 0 ? {} : { ItemCollectionMetrics: metrics };
}

export function addTo<T>(lists: Record<string, T[]>, name: string, value: T): void {
  // A table may be named `constructor`.
  if (Object.hasOwn(lists, name)) lists[name]!.push(value);
  else lists[name] = [value];
}
