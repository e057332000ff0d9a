/** Host names of the operator's own that lead to function URLs: which there may be, and what each is for. */
import { namedFunction } from '../lambda/records/function-identifier.ts';
import type { UrlTarget } from '../lambda/urls/url-hosts.ts';
import { isLoopback } from '../wire/routing/host-name.ts';
import { DEFAULT_ACCOUNT_ID, DEFAULT_REGION } from '../wire/routing/router.ts';

/** By domain what it leads to, as it was written: a function's name, `name:alias`, its ARN, or the id of a URL. */
export type UrlDomains = Readonly<Record<string, string>>;

/** For people: how one is written. */
export const URL_DOMAIN_FORM =
  'a host name with a function (name, name:alias or ARN) or the id of a function URL, such as api.example.test=orders:live';

/** Bytes in a domain name, by RFC 1035. */
const MAX_NAME_LENGTH = 253;
/** Labels with dots between; the last has a letter, so that it is no address. */
const NAME =
  /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const URL_ID = /^[a-z0-9]{32}$/;

/** Undefined where the name is no domain, or one by which the server itself is reached, or the target is none. */
export function urlTarget(domain: string, target: string): UrlTarget | undefined {
  const name = domain.toLowerCase();
  if (name.length > MAX_NAME_LENGTH || !NAME.test(name) || isLoopback(name)) return undefined;
  if (URL_ID.test(target)) return { urlId: target };
  const named = namedFunction(target);
  if (named === undefined || /^\$|^\d+$/.test(named.qualifier ?? '')) return undefined;
  const { accountId = DEFAULT_ACCOUNT_ID, region = DEFAULT_REGION, functionName, qualifier } = named;
  return { accountId, region, functionName, ...(qualifier === undefined ? {} : { alias: qualifier }) };
}

/** What checked domains lead to, by their names in lower case. */
export function urlTargets(domains: UrlDomains): ReadonlyMap<string, UrlTarget> {
  const targets = new Map<string, UrlTarget>();
  for (const [domain, text] of Object.entries(domains)) {
    const target = urlTarget(domain, text);
    if (target !== undefined) targets.set(domain.toLowerCase(), target);
  }
  return targets;
}
