/** Keys that decide about shards: 128 bits, kept as 32 hexadecimal digits, which sort as the numbers do. */
import { hash } from 'node:crypto';

const DIGITS = 32;
export const MAX_HASH_KEY = 2n ** 128n - 1n;

export interface HashRange {
  /** Both are in it; 32 hexadecimal digits. */
  readonly start: string;
  readonly end: string;
}

/** Source: API reference of PutRecord: MD5 of the partition key. */
export function hashKeyOf(partitionKey: string): string {
  return hash('md5', partitionKey);
}

export function hashKey(value: bigint): string {
  return value.toString(16).padStart(DIGITS, '0');
}

export function hashValue(key: string): bigint {
  return BigInt(`0x${key}`);
}

/** As the API writes them. */
export function decimalRange({ start, end }: HashRange): { StartingHashKey: string; EndingHashKey: string } {
  return { StartingHashKey: hashValue(start).toString(), EndingHashKey: hashValue(end).toString() };
}

/** All keys in `count` ranges of the same size, but for what does not divide. */
export function evenRanges(count: number): HashRange[] {
  const size = (MAX_HASH_KEY + 1n) / BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    start: hashKey(size * BigInt(index)),
    end: hashKey(index === count - 1 ? MAX_HASH_KEY : size * BigInt(index + 1) - 1n),
  }));
}
