/** How OpenID Connect providers are named. */

/**
 * A provider's URL without its scheme, by which IAM knows it; undefined for what cannot be one. AWS takes https alone;
 * a provider on this machine may do without, since nobody overhears it.
 */
export function providerName(url: string): string | undefined {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.search !== '' || parsed.hash !== '' || parsed.username !== '')
    return undefined;
  const isLocal = parsed.protocol === 'http:' && isOfThisMachine(parsed.hostname);
  if (parsed.protocol !== 'https:' && !isLocal) return undefined;
  return url.slice(url.indexOf('://') + 3).replace(/\/$/, '');
}

function isOfThisMachine(hostname: string): boolean {
  return hostname === '[::1]' || /(?:^|\.)localhost$/.test(hostname) || /^127(?:\.\d+){3}$/.test(hostname);
}
