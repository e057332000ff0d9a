import type { RequestContext } from '../../ports/service.ts';

/** An HTTP header that no member of the input holds. */
export function headerOf({ headers }: RequestContext, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
