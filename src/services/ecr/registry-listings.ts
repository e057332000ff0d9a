/** The lists of the registry protocol, page by page. Source: OCI distribution specification 1.1, "Listing Tags". */

/** Names of a page at most, whatever is asked for. Source: ECR's ListImages and DescribeRepositories, "maxResults". */
const MAX_PAGE_NAMES = 1_000;

export interface ListingPage {
  readonly names: readonly string[];
  /** The `Link` field that leads to the next page; undefined on the last one. */
  readonly link: string | undefined;
}

/**
 * The names after `last`, in the order of their bytes, `n` of them at most. Undefined for an `n` that is no number.
 * `path` is that of the list.
 */
export function pageOfNames(
  names: readonly string[],
  query: URLSearchParams,
  path: string,
): ListingPage | undefined {
  const asked = query.get('n');
  if (asked !== null && !/^\d{1,9}$/.test(asked)) return undefined;
  const count = Math.min(asked === null ? MAX_PAGE_NAMES : Number(asked), MAX_PAGE_NAMES);
  const last = query.get('last');
  const rest = [...names].sort().filter((name) => last === null || name > last);
  const page = rest.slice(0, count);
  const end = page.at(-1);
  // Of a page of none there is no next one.
  if (end === undefined || rest.length <= count) return { names: page, link: undefined };
  const next = new URLSearchParams({ last: end, n: String(count) });
  return { names: page, link: `<${path}?${next}>; rel="next"` };
}
