/** Keys that decide about shards: 128 bits, kept as 32 hexadecimal digits, which sort as the numbers do. */
import { hash } from 'node:crypto';

const DIGITS = 32;
const HASH_KEYS = 2n ** 128n;
export const MAX_HASH_KEY = HASH_KEYS - 1n;

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

/** All keys in `count` ranges of one size, the last of which has what does not divide: as AWS makes streams. */
export function evenRanges(count: number): HashRange[] {
  const size = HASH_KEYS / BigInt(count);
  return rangesFrom(Array.from({ length: count }, (_, index) => size * BigInt(index)));
}

/** All keys in `count` ranges whose bounds are among those of any multiple of the count. */
export function alignedRanges(count: number): HashRange[] {
  return rangesFrom(Array.from({ length: count }, (_, index) => (HASH_KEYS * BigInt(index)) / BigInt(count)));
}

function rangesFrom(starts: readonly bigint[]): HashRange[] {
  return starts.map((start, index) => ({
    start: hashKey(start),
    end: hashKey((starts[index + 1] ?? HASH_KEYS) - 1n),
  }));
}
