/** Sizes as DynamoDB counts them. Source: developer guide, "DynamoDB item sizes and formats". */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from './item-text.ts';

/** A list or map has that many bytes of its own, and one for each of its elements. */
const COLLECTION_BYTES = 3;
const ELEMENT_BYTES = 1;

export function itemSize(item: Item): number {
  let size = 0;
  for (const name in item) size += Buffer.byteLength(name) + valueSize(item[name]!);
  return size;
}

export function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberSize(value.N);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.SS !== undefined) return sum(value.SS, (text) => Buffer.byteLength(text));
  if (value.NS !== undefined) return sum(value.NS, numberSize);
  if (value.BS !== undefined) return sum(value.BS, (bytes) => bytes.byteLength);
  if (value.L !== undefined) {
    return COLLECTION_BYTES + sum(value.L, (inner) => ELEMENT_BYTES + valueSize(inner));
  }
  if (value.M !== undefined) return COLLECTION_BYTES + mapSize(value.M);
  return 1;
}

function mapSize(map: Item): number {
  let size = 0;
  for (const name in map) size += ELEMENT_BYTES + Buffer.byteLength(name) + valueSize(map[name]!);
  return size;
}

/** "(number of digits / 2) + 1", pairs of digits counted from the decimal point; one byte more for a sign. */
export function numberSize(text: string): number {
  const isNegative = text.startsWith('-');
  const [whole = '', fraction = ''] = (isNegative ? text.slice(1) : text).split('.');
  const head = whole.replace(/^0+/, '');
  const tail = fraction.replace(/0+$/, '');
  if (head === '' && tail === '') return 1;
  // Neither zeros before the number nor behind it are kept.
  const pairs =
    tail === ''
      ? pairsOf(head.length) - Math.floor(trailingZeros(head) / 2)
      : pairsOf(head.length) + pairsOf(tail.length) - (head === '' ? Math.floor(leadingZeros(tail) / 2) : 0);
  return pairs + 1 + (isNegative ? 1 : 0);
}

function pairsOf(digits: number): number {
  return Math.ceil(digits / 2);
}

function trailingZeros(digits: string): number {
  return digits.length - digits.replace(/0+$/, '').length;
}

function leadingZeros(digits: string): number {
  return digits.length - digits.replace(/^0+/, '').length;
}

function sum<T>(values: readonly T[], size: (value: T) => number): number {
  let total = 0;
  for (const value of values) total += size(value);
  return total;
}
