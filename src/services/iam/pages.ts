/** Paging of IAM's lists: Marker, MaxItems, IsTruncated. */
import { validationError } from './iam-errors.ts';

/** IAM's default where a request names no MaxItems. */
const DEFAULT_MAX_ITEMS = 100;

export interface PageInput {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface Page<T> {
  readonly items: T[];
  readonly rest: { readonly IsTruncated: boolean; readonly Marker?: string };
}

/** `nameOf` must tell the items apart, which are sorted by it. A marker holds the last name of the page before. */
export function pageOf<T>(items: readonly T[], nameOf: (item: T) => string, input: PageInput): Page<T> {
  const sorted = [...items].sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
  const after = input.Marker === undefined ? undefined : decode(input.Marker);
  const rest = after === undefined ? sorted : sorted.filter((item) => nameOf(item) > after);
  const page = rest.slice(0, input.MaxItems ?? DEFAULT_MAX_ITEMS);
  if (page.length === rest.length) return { items: page, rest: { IsTruncated: false } };
  const Marker = Buffer.from(JSON.stringify([nameOf(page.at(-1)!)])).toString('base64url');
  return { items: page, rest: { IsTruncated: true, Marker } };
}

function decode(marker: string): string {
  try {
    const [name] = JSON.parse(Buffer.from(marker, 'base64url').toString()) as unknown[];
    if (typeof name === 'string') return name;
  } catch {
    // Falls through: not a marker of ours.
  }
  throw validationError('Invalid Marker.');
}
