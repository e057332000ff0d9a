/** Pages of what has a key of its own: layers, aliases; a marker holds the key of the last item of the page before. */
import { PAGE_ITEMS } from './control-limits.ts';
import type { PageRequest } from './page.ts';
import { markerError } from './page.ts';

/** `items` in order, those behind the marker; `isAfter` compares an item with a key. */
export function pageByKey<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  isAfter: (item: T, key: string) => boolean,
  { Marker, MaxItems }: PageRequest,
): { readonly page: readonly T[]; readonly next: { readonly NextMarker?: string } } {
  const key = Marker === undefined || Marker === '' ? undefined : keyIn(Marker);
  const rest = key === undefined ? items : items.filter((item) => isAfter(item, key));
  const page = rest.slice(0, Math.min(MaxItems ?? PAGE_ITEMS, PAGE_ITEMS));
  const last = page.at(-1);
  if (last === undefined || page.length === rest.length) return { page, next: {} };
  return { page, next: { NextMarker: Buffer.from(JSON.stringify(keyOf(last))).toString('base64') } };
}

function keyIn(marker: string): string {
  try {
    const key: unknown = JSON.parse(Buffer.from(marker, 'base64').toString());
    if (typeof key === 'string') return key;
  } catch {
    // Refused below.
  }
  throw markerError();
}
