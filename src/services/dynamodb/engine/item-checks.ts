/** What an item must be to be stored, in DynamoDB's words. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../../core/errors.ts';
import type { Item } from './item-text.ts';
import { attributeOf } from './item-text.ts';
import type { KeyPart } from './key-bytes.ts';
import type { TableLayout } from './table-layout.ts';

/** Source: "Constraints in Amazon DynamoDB". */
export const MAX_ITEM_BYTES = 400 * 1024;
export const MAX_PARTITION_KEY_BYTES = 2048;
export const MAX_SORT_KEY_BYTES = 1024;

export function validationError(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function invalidValues(reason: string): AwsError {
  return validationError(`One or more parameter values were invalid: ${reason}`);
}

export function checkUpdatedSize(sizeBytes: number): void {
  if (sizeBytes > MAX_ITEM_BYTES)
    throw validationError('Item size to update has exceeded the maximum allowed size');
}

/** Attributes that are keys of indexes have the type that was said of them, and are neither empty nor too long. */
export function checkIndexKeys(table: TableLayout, item: Item): void {
  for (const index of table.indexes) {
    for (const [part, isPartition] of partsOf(index.key)) {
      const value = attributeOf(item, part.name);
      if (value === undefined) continue;
      const type = typeOf(value);
      if (type !== part.type) {
        throw invalidValues(
          `Type mismatch for Index Key ${part.name} Expected: ${part.type} Actual: ${type} IndexName: ${index.name}`,
        );
      }
      if (isEmptyKey(value)) {
        throw validationError(
          `One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty ${part.type === 'B' ? 'binary' : 'string'} value. IndexName: ${index.name}, IndexKey: ${part.name}`,
        );
      }
      checkKeySize(value, isPartition);
    }
  }
}

export function partsOf(key: TableLayout['key']): [KeyPart, boolean][] {
  return key.sort === undefined
    ? [[key.partition, true]]
    : [
        [key.partition, true],
        [key.sort, false],
      ];
}

export function isEmptyKey(value: AttributeValue): boolean {
  return value.S === '' || value.B?.byteLength === 0;
}

export function checkKeySize(value: AttributeValue, isPartition: boolean): void {
  const max = isPartition ? MAX_PARTITION_KEY_BYTES : MAX_SORT_KEY_BYTES;
  if (keySize(value) <= max) return;
  throw invalidValues(
    isPartition
      ? `Size of hashkey has exceeded the maximum size limit of${max} bytes`
      : `Aggregated size of all range keys has exceeded the size limit of ${max} bytes`,
  );
}

/** Whether an index can hold a value in this part of its key. */
export function fitsKey({ type }: KeyPart, value: AttributeValue | undefined, isPartition: boolean): boolean {
  return (
    value !== undefined &&
    typeOf(value) === type &&
    !isEmptyKey(value) &&
    keySize(value) <= (isPartition ? MAX_PARTITION_KEY_BYTES : MAX_SORT_KEY_BYTES)
  );
}

function keySize(value: AttributeValue): number {
  return value.S !== undefined ? Buffer.byteLength(value.S) : (value.B?.byteLength ?? 0);
}

/** The name of a value's type: `S`, `NS`, `BOOL`, … */
export function typeOf(value: AttributeValue): string {
  return Object.keys(value)[0] ?? '';
}
