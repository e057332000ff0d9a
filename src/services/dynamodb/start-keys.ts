/** Keys after which a read goes on. */
import type { RowKey } from '../../ports/item-store.ts';
import { keyNames } from './engine/index-entries.ts';
import { validationError } from './engine/item-checks.ts';
import type { Item } from './engine/item-text.ts';
import { rowKeyOf, valueBytes } from './engine/key-bytes.ts';
import type { IndexLayout } from './engine/table-layout.ts';
import { checkKey } from './item-keys.ts';
import type { SortRange } from './sort-range.ts';
import { isWithin } from './sort-range.ts';
import type { Table } from './table.ts';

export function startKey(table: Table, index: IndexLayout | undefined, start: Item): RowKey {
  const { key } = table.layout;
  const names = new Set([key, ...(index === undefined ? [] : [index.key])].flatMap(keyNames));
  if (Object.keys(start).length !== names.size) throw validationError('The provided starting key is invalid');
  const part = (schema: typeof key): Item =>
    Object.fromEntries(
      keyNames(schema).flatMap((name) => (start[name] === undefined ? [] : [[name, start[name]]])),
    );
  try {
    checkKey(key, part(key));
    if (index !== undefined) checkKey(index.key, part(index.key));
  } catch (error) {
    throw validationError(`The provided starting key is invalid: ${(error as Error).message}`);
  }
  const own = rowKeyOf(key, start);
  return index === undefined ? own : [...rowKeyOf(index.key, start), ...own];
}

export function startOfQuery(
  table: Table,
  index: IndexLayout | undefined,
  start: Item,
  partition: Uint8Array,
  range: SortRange,
): RowKey {
  const beyond = startKey(table, index, start);
  const { sort } = index?.key ?? table.layout.key;
  if (sort !== undefined && !isWithin(range, valueBytes(start[sort.name]!))) {
    throw validationError('The provided starting key does not match the range key predicate');
  }
  if (Buffer.compare(beyond[0]!, partition) !== 0) {
    throw validationError(
      range.low === undefined && range.high === undefined
        ? 'The provided starting key is outside query boundaries based on provided conditions'
        : 'The query can return at most one row and cannot be restarted',
    );
  }
  return beyond;
}
