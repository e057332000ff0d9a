import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import { invalidParameter } from './ecr-errors.ts';
import type { LayerUploads } from './layer-uploads.ts';
import type { RegistryContent } from './registry-content.ts';
import type { RegistryTokens } from './registry-tokens.ts';
import type { Registry, Repositories } from './repositories.ts';

/** What the operations share. */
export interface EcrContext {
  readonly repositories: Repositories;
  readonly content: RegistryContent;
  readonly uploads: LayerUploads;
  readonly tokens: RegistryTokens;
  readonly clock: Clock;
  readonly ids: Ids;
}

export type EcrOperations = Operations<typeof import('@aws-sdk/client-ecr')>;

/** The registry that a request is for: the caller's own, unless it names another one. */
export function registryOf(
  { registryId }: { registryId?: string | undefined },
  caller: RequestContext,
): Registry {
  return { accountId: registryId ?? caller.accountId, region: caller.region };
}

/** Where an upload belongs. */
export function placeOf({ accountId, region }: Registry, name: string): string {
  return `${accountId}/${region}/${name}`;
}

/** Items of a page when the caller does not say. Source: DescribeRepositories, "100 results". */
const PAGE_ITEMS = 100;

export interface PageRequest {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

/** A page of `items` in their order; the token holds where the next one begins. */
export function pageOf<T>(
  items: readonly T[],
  { maxResults = PAGE_ITEMS, nextToken }: PageRequest,
): { readonly page: T[]; readonly next: { nextToken?: string } } {
  const start = nextToken === undefined ? 0 : Number(Buffer.from(nextToken, 'base64url').toString());
  if (!Number.isSafeInteger(start) || start < 0)
    throw invalidParameter("Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'");
  const end = start + maxResults;
  const next = end < items.length ? { nextToken: Buffer.from(String(end)).toString('base64url') } : {};
  return { page: items.slice(start, end), next };
}
