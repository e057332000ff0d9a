import { decodeListToken, encodeListToken, invalidToken } from './page-token.ts';

/** Records a page has unless asked otherwise; also the most (the API references). */
const DEFAULT_PAGE = 50;

export interface PageInput {
  readonly nextToken?: string | undefined;
  readonly limit?: number | undefined;
}

export interface NamedPage<T> {
  readonly page: T[];
  /** The member of the answer, where there are more. */
  readonly nextToken: { readonly nextToken?: string };
}

/** One page of records that come by name. */
export function namedPage<T extends { readonly name: string }>(
  records: readonly T[],
  { nextToken, limit = DEFAULT_PAGE }: PageInput,
  prefix = '',
): NamedPage<T> {
  const after = nextToken === undefined ? '' : nameIn(nextToken);
  const matching = records.filter(({ name }) => name > after && name.startsWith(prefix));
  const page = matching.slice(0, limit);
  if (page.length === matching.length) return { page, nextToken: {} };
  return { page, nextToken: { nextToken: encodeListToken({ name: page.at(-1)!.name }) } };
}

function nameIn(token: string): string {
  const { name } = decodeListToken(token);
  if (typeof name !== 'string') throw invalidToken();
  return name;
}
