import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { pageOf } from '../../core/page.ts';
import type { Operations } from '../../ports/service.ts';
import type { Deletions } from './deletions.ts';
import type { Rotations } from './rotations.ts';
import type { SecretCipher } from './secret-cipher.ts';
import type { Scope, SecretRecord } from './secret-record.ts';
import type { SecretTable } from './secret-table.ts';
import { invalidNextToken, markedForDeletion } from './secrets-errors.ts';

/** What the operations share. */
export interface SecretsContext {
  readonly secrets: SecretTable;
  readonly cipher: SecretCipher;
  readonly deletions: Deletions;
  readonly rotations: Rotations;
  readonly clock: Clock;
  readonly ids: Ids;
}

export type SecretsOperations = Operations<typeof import('@aws-sdk/client-secrets-manager')>;

/** Throws `InvalidRequestException` for one that is to be deleted. */
export function requireLive(record: SecretRecord): SecretRecord {
  if (record.deletion !== undefined) throw markedForDeletion();
  return record;
}

export function liveSecret({ secrets }: SecretsContext, id: string, scope: Scope): SecretRecord {
  return requireLive(secrets.get(id, scope));
}

/** Items of a page when the caller does not say, and at most. Source: API reference, `MaxResults`. */
const PAGE_ITEMS = 100;

interface PageInput {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** A page of `items`, which are in an order of their own. Throws `InvalidNextTokenException`. */
export function numberedPage<T>(
  items: readonly T[],
  { MaxResults = PAGE_ITEMS, NextToken }: PageInput,
): { readonly items: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const numbered = items.map((item, index) => ({ item, key: String(index).padStart(9, '0') }));
  const page = pageOf(numbered, { keyOf: ({ key }) => key, maxItems: MaxResults, token: NextToken });
  if (page === undefined) throw invalidNextToken();
  return {
    items: page.items.map(({ item }) => item),
    next: page.nextToken === undefined ? {} : { NextToken: page.nextToken },
  };
}
