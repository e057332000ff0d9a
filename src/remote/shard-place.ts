/** Places in a shard, and the texts by which they are stored. */

export type ShardPlace =
  | { readonly at: 'TRIM_HORIZON' }
  | { readonly at: 'AFTER'; readonly sequenceNumber: string }
  /** Milliseconds since the epoch. */
  | { readonly at: 'AT_TIMESTAMP'; readonly timestampMs: number }
  /** The end, as it was then. */
  | { readonly at: 'LATEST'; readonly sinceMs: number };

export function textOf(place: ShardPlace): string {
  switch (place.at) {
    case 'TRIM_HORIZON':
      return place.at;
    case 'AFTER':
      return `${place.at}:${place.sequenceNumber}`;
    case 'AT_TIMESTAMP':
      return `${place.at}:${place.timestampMs}`;
    case 'LATEST':
      return `${place.at}:${place.sinceMs}`;
  }
}

/** What is no such text, of a stream that was here once, is the beginning: nothing is to be missed. */
export function placeOf(text: string): ShardPlace {
  const [at, value = ''] = text.split(':');
  if (at === 'AFTER') return { at, sequenceNumber: value };
  if (at === 'AT_TIMESTAMP') return { at, timestampMs: Number(value) };
  if (at === 'LATEST') return { at, sinceMs: Number(value) };
  return { at: 'TRIM_HORIZON' };
}
