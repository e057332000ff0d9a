/** Which function URL a Host header names: `<url-id>.lambda-url.<region>.…`, or a domain of the operator's own. */

import { LATEST } from '../records/function-record.ts';
import type { FunctionUrlRecord, FunctionUrlTable } from '../records/function-url-table.ts';
import type { FunctionName } from '../records/qualified-table.ts';

/** What a domain leads to: one URL for as long as that is there, or whichever a function or alias has. */
export type UrlTarget = { readonly urlId: string } | (FunctionName & { readonly alias?: string });

/** First label of the host is the id of the URL, behind it comes the region; the domain is AWS's or a local one. */
const HOST = /^([a-z0-9]{32})\.lambda-url\.([a-z0-9-]+)\./;

export class UrlHosts {
  private readonly urls: Pick<FunctionUrlTable, 'find' | 'get'>;
  private readonly domains: ReadonlyMap<string, UrlTarget>;

  /** `domains` by names in lower case. */
  constructor(urls: Pick<FunctionUrlTable, 'find' | 'get'>, domains: ReadonlyMap<string, UrlTarget>) {
    this.urls = urls;
    this.domains = domains;
  }

  /** Whether the host is one of function URLs, be there such a URL or not. */
  serves(header: string | undefined): boolean {
    const name = domainName(header);
    return this.domains.has(name) || HOST.test(name);
  }

  find(header: string | undefined): FunctionUrlRecord | undefined {
    const name = domainName(header);
    const target = this.domains.get(name);
    if (target !== undefined) {
      if ('urlId' in target) return this.urls.find(target.urlId);
      return this.urls.get(target, target.alias ?? LATEST);
    }
    const [, urlId = '', region] = HOST.exec(name) ?? [];
    const record = this.urls.find(urlId);
    return record?.region === region ? record : undefined;
  }
}

/** The name in a Host header, in lower case. */
export function domainName(header: string | undefined): string {
  return (header ?? '').replace(/\.?(?::\d*)?$/, '').toLowerCase();
}
