import type { ItemCollectionMetrics } from '@aws-sdk/client-dynamodb';
import type { Item } from './engine/item-text.ts';
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
