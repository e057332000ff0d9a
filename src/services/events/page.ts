import { pageOf as sortedPage } from '../../core/page.ts';
import { invalid } from './events-errors.ts';

/** Source: API reference, of every list: items unless asked otherwise. */
const DEFAULT_LIMIT = 100;

export interface Page<T> {
  readonly items: readonly T[];
  readonly NextToken?: string;
}

/** A part of a list that is sorted by `keyOf`. Throws for a token that no answer had. */
export function pageOf<T>(
  sorted: readonly T[],
  { NextToken: token, Limit = DEFAULT_LIMIT }: { NextToken?: string | undefined; Limit?: number | undefined },
  keyOf: (item: T) => string,
): Page<T> {
  const page = token === '' ? undefined : sortedPage(sorted, { keyOf, maxItems: Limit, token });
  if (page === undefined) throw invalid('The provided token is not valid.');
  return { items: page.items, ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }) };
}
