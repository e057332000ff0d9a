import type { Item } from './item-text.ts';
import type { TableLayout } from './table-layout.ts';

/** Source: "Using time to live": items that expired longer ago than five years are left alone. */
const OLDEST_EXPIRY_SECONDS = 5 * 365 * 86_400;

/** Seconds since the epoch at which an item expires; null for never. */
export function expiryOf({ ttlAttribute }: TableLayout, item: () => Item, nowMs: number): number | null {
  if (ttlAttribute === undefined) return null;
  const text = item()[ttlAttribute]?.N;
  const seconds = text === undefined ? Number.NaN : Math.floor(Number(text));
  return Number.isSafeInteger(seconds) && seconds >= nowMs / 1000 - OLDEST_EXPIRY_SECONDS ? seconds : null;
}
