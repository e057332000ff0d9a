/** What operations use of a table's capacity. Source: "DynamoDB read and write operations". */
import type { Capacity, ConsumedCapacity, ReturnConsumedCapacity } from '@aws-sdk/client-dynamodb';
import type { WriteResult } from './engine/requests.ts';
import type { Table } from './table.ts';

const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;

export interface Usage {
  readonly table: number;
  /** By the index's name. */
  readonly indexes: Readonly<Record<string, number>>;
}

/** At least one unit, or half of one where reads need not be consistent. */
export function readUnits(sizeBytes: number, isConsistent: boolean | undefined): number {
  return Math.max(1, Math.ceil(sizeBytes / READ_UNIT_BYTES)) * (isConsistent === true ? 1 : 0.5);
}

export function writeUnits(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / WRITE_UNIT_BYTES));
}

/** The larger of what was there and what is there now counts. */
export function writeUsage({ beforeBytes, afterBytes, indexBytes = {} }: WriteResult): Usage {
  const indexes = Object.entries(indexBytes).map(([name, sizes]): [string, number] => [
    name,
    sizes.reduce((sum, size) => sum + writeUnits(size), 0),
  ]);
  return { table: writeUnits(Math.max(beforeBytes, afterBytes)), indexes: Object.fromEntries(indexes) };
}

export function sumOfUsages(usages: readonly Usage[], factor = 1): Usage {
  const indexes: Record<string, number> = {};
  let table = 0;
  for (const usage of usages) {
    table += usage.table * factor;
    for (const [name, units] of Object.entries(usage.indexes)) {
      indexes[name] = (indexes[name] ?? 0) + units * factor;
    }
  }
  return { table, indexes };
}

/** As told where it was asked for. */
export function consumedCapacity(
  { record, layout }: Table,
  { table, indexes }: Usage,
  mode: ReturnConsumedCapacity | undefined,
  transaction?: 'ReadCapacityUnits' | 'WriteCapacityUnits',
): ConsumedCapacity | undefined {
  if (mode !== 'TOTAL' && mode !== 'INDEXES') return undefined;
  const total = Object.values(indexes).reduce((sum, units) => sum + units, table);
  const capacity = (units: number): Capacity => ({
    CapacityUnits: units,
    ...(transaction === undefined ? {} : { [transaction]: units }),
  });
  const told: ConsumedCapacity = { TableName: record.name, ...capacity(total) };
  if (mode === 'TOTAL') return told;
  const ofKind = (isLocal: boolean): Record<string, Capacity> =>
    Object.fromEntries(
      layout.indexes
        .filter((index) => index.isLocal === isLocal && indexes[index.name] !== undefined)
        .map(({ name }) => [name, capacity(indexes[name]!)]),
    );
  const [local, global] = [ofKind(true), ofKind(false)];
  return {
    ...told,
    Table: capacity(table),
    ...(Object.keys(local).length === 0 ? {} : { LocalSecondaryIndexes: local }),
    ...(Object.keys(global).length === 0 ? {} : { GlobalSecondaryIndexes: global }),
  };
}
