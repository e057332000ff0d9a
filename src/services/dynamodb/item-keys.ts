/** Keys of items as clients give them. */
import type { RowKey } from '../../ports/item-store.ts';
import {
  checkIndexKeys,
  checkKeySize,
  invalidValues,
  isEmptyKey,
  MAX_ITEM_BYTES,
  partsOf,
  typeOf,
  validationError,
} from './engine/item-checks.ts';
import type { Item } from './engine/item-text.ts';
import { attributeOf } from './engine/item-text.ts';
import { rowKeyOf } from './engine/key-bytes.ts';
import type { Table } from './table.ts';

/** Of an item that is to be stored. Throws `ValidationException` for one that the table does not take. */
export function keyOfNewItem({ layout }: Table, item: Item): RowKey {
  for (const [{ name, type }, isPartition] of partsOf(layout.key)) {
    const value = attributeOf(item, name);
    if (value === undefined) throw invalidValues(`Missing the key ${name} in the item`);
    const actual = typeOf(value);
    if (actual !== type) {
      throw invalidValues(`Type mismatch for key ${name} expected: ${type} actual: ${actual}`);
    }
    if (isEmptyKey(value)) {
      throw validationError(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${type === 'B' ? 'binary' : 'string'} value. Key: ${name}`,
      );
    }
    checkKeySize(value, isPartition);
  }
  checkIndexKeys(layout, item);
  return rowKeyOf(layout.key, item);
}

/** Of a key alone: it has the attributes of the schema, and no others. */
export function keyOfKey({ layout }: Table, key: Item): RowKey {
  checkKey(layout.key, key);
  return rowKeyOf(layout.key, key);
}

export function checkKey(schema: Table['layout']['key'], key: Item): void {
  const parts = partsOf(schema);
  if (Object.keys(key).length !== parts.length) throw mismatch();
  for (const [{ name, type }, isPartition] of parts) {
    const value = attributeOf(key, name);
    if (value === undefined || typeOf(value) !== type) throw mismatch();
    if (isEmptyKey(value)) {
      throw validationError(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${type === 'B' ? 'binary' : 'string'} value. Key: ${name}`,
      );
    }
    checkKeySize(value, isPartition);
  }
}

export function checkItemSize(sizeBytes: number): void {
  if (sizeBytes > MAX_ITEM_BYTES) throw validationError('Item size has exceeded the maximum allowed size');
}

function mismatch(): Error {
  return validationError('The provided key element does not match the schema');
}
