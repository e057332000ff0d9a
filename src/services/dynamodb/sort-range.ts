/** Conditions on sort keys as bounds of the bytes that stand for them. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Bound } from '../../ports/item-store.ts';
import { valueBytes } from './engine/key-bytes.ts';

export interface SortCondition {
  readonly operator: '=' | '<' | '<=' | '>' | '>=' | 'BETWEEN' | 'begins_with';
  /** One value, for BETWEEN two. */
  readonly values: readonly AttributeValue[];
}

export interface SortRange {
  readonly low?: Bound | undefined;
  readonly high?: Bound | undefined;
}

export function sortRange({ operator, values }: SortCondition): SortRange {
  const first = valueBytes(values[0]!);
  const bound = (value: Uint8Array, isInclusive: boolean): Bound => ({ value, isInclusive });
  switch (operator) {
    case '=':
      return { low: bound(first, true), high: bound(first, true) };
    case '<':
      return { high: bound(first, false) };
    case '<=':
      return { high: bound(first, true) };
    case '>':
      return { low: bound(first, false) };
    case '>=':
      return { low: bound(first, true) };
    case 'BETWEEN':
      return { low: bound(first, true), high: bound(valueBytes(values[1]!), true) };
    case 'begins_with': {
      const after = bytesAfter(first);
      return { low: bound(first, true), high: after && bound(after, false) };
    }
  }
}

export function isWithin({ low, high }: SortRange, value: Uint8Array): boolean {
  const [fromLow, fromHigh] = [low, high].map((bound) => (bound ? Buffer.compare(value, bound.value) : 0));
  return (
    (low === undefined || fromLow! > 0 || (low.isInclusive && fromLow === 0)) &&
    (high === undefined || fromHigh! < 0 || (high.isInclusive && fromHigh === 0))
  );
}

const HIGHEST_BYTE = 255;

/** The least bytes that are greater than all that begin with `prefix`; undefined for none. */
function bytesAfter(prefix: Uint8Array): Uint8Array | undefined {
  let end = prefix.length;
  while (end > 0 && prefix[end - 1] === HIGHEST_BYTE) end -= 1;
  if (end === 0) return undefined;
  const after = Uint8Array.from(prefix.subarray(0, end));
  after[end - 1]! += 1;
  return after;
}
