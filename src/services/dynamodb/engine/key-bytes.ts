/** Key values as bytes that compare as DynamoDB orders the values: text by its UTF-8, numbers by size, bytes unsigned. */
import { hash } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { RowKey } from '../../../ports/item-store.ts';
import type { Item } from './item-text.ts';

export type KeyType = 'S' | 'N' | 'B';

export interface KeyPart {
  readonly name: string;
  readonly type: KeyType;
}

export interface KeySchema {
  readonly partition: KeyPart;
  readonly sort?: KeyPart | undefined;
}

/** Bytes of the place of a partition among all, which comes before the value: a scan has no order that means anything. */
export const PLACE_BYTES = 4;

const NONE = new Uint8Array(0);

/** Of an item that has the key's attributes, of the key's types. */
export function rowKeyOf(schema: KeySchema, item: Item): RowKey {
  const partition = partitionBytes(item[schema.partition.name]!);
  return [partition, schema.sort === undefined ? NONE : valueBytes(item[schema.sort.name]!)];
}

export function partitionBytes(value: AttributeValue): Uint8Array {
  const bytes = valueBytes(value);
  const place = hash('md5', bytes, 'buffer');
  return Buffer.concat([place.subarray(0, PLACE_BYTES), bytes]);
}

export function valueBytes(value: AttributeValue): Uint8Array {
  if (value.S !== undefined) return Buffer.from(value.S);
  if (value.B !== undefined) return value.B;
  return numberBytes(value.N ?? '0');
}

const NEGATIVE = 0;
const ZERO = 1;
const POSITIVE = 2;
/** Makes every exponent of DynamoDB's numbers positive, which go from 1E-130 to 9.9E+125. */
const EXPONENT_BIAS = 0x1000;
const HEAD_BYTES = 3;
const HIGHEST_BYTE = 255;
const DIGIT_0 = 48;

/** Sign, exponent, digits; for negative numbers the latter two turned about, and ended by the highest byte. */
export function numberBytes(text: string): Uint8Array {
  const { isNegative, digits, exponent } = decimalParts(text);
  if (digits === '') return Uint8Array.of(ZERO);
  const turn = isNegative ? HIGHEST_BYTE : 0;
  const bytes = Buffer.alloc(HEAD_BYTES + digits.length + (isNegative ? 1 : 0), HIGHEST_BYTE);
  const place = exponent + EXPONENT_BIAS;
  bytes[0] = isNegative ? NEGATIVE : POSITIVE;
  bytes[1] = (place >> 8) ^ turn;
  bytes[2] = (place & HIGHEST_BYTE) ^ turn;
  for (let index = 0; index < digits.length; index++) {
    bytes[HEAD_BYTES + index] = (digits.charCodeAt(index) - DIGIT_0) ^ turn;
  }
  return bytes;
}

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;

/** A number is `0.digits` times ten to the exponent; the digits begin and end with none that is 0. */
function decimalParts(text: string): { isNegative: boolean; digits: string; exponent: number } {
  const [, sign = '', whole = '', fraction = '', power = '0'] = DECIMAL.exec(text) ?? [];
  const all = whole + fraction;
  const head = all.replace(/^0+/, '');
  return {
    isNegative: sign === '-',
    digits: head.replace(/0+$/, ''),
    exponent: whole.length - (all.length - head.length) + Number(power),
  };
}
