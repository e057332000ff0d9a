import { invalid } from './events-errors.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly NextToken?: string;
}

/** A part of a list in the order of `keyOf`; the token tells the key that the part before ended with. */
export function pageOf<T>(
  all: readonly T[],
  { NextToken: token, Limit: limit = 100 }: { NextToken?: string | undefined; Limit?: number | undefined },
  keyOf: (item: T) => string,
): Page<T> {
  const after = token === undefined ? undefined : keyOfToken(token);
  const rest = after === undefined ? all : all.filter((item) => keyOf(item) > after);
  const items = rest.slice(0, limit);
  if (rest.length <= limit) return { items };
  return { items, NextToken: Buffer.from(keyOf(items.at(-1)!)).toString('base64url') };
}

function keyOfToken(token: string): string {
  const key = Buffer.from(token, 'base64url').toString();
  if (key === '' || Buffer.from(key).toString('base64url') !== token)
    throw invalid('The provided token is not valid.');
  return key;
}
