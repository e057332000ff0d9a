/** Pages of lists that are sorted by a key. */

export interface PageRequest<T> {
  readonly keyOf: (item: T) => string;
  readonly maxItems: number;
  /** Of the page before; absent for the first. */
  readonly token: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** For the page that follows; absent where there is none. */
  readonly nextToken?: string;
}

/** The items after the token, which stays good when others come or go; undefined for a token that is none. */
export function pageOf<T>(
  sorted: readonly T[],
  { keyOf, maxItems, token }: PageRequest<T>,
): Page<T> | undefined {
  const after = Buffer.from(token ?? '', 'base64url').toString();
  if (Buffer.from(after).toString('base64url') !== (token ?? '')) return undefined;
  const rest = sorted.filter((item) => keyOf(item) > after);
  const items = rest.slice(0, maxItems);
  const last = items.at(-1);
  const hasMore = last !== undefined && items.length < rest.length;
  return { items, ...(hasMore ? { nextToken: Buffer.from(keyOf(last)).toString('base64url') } : {}) };
}
