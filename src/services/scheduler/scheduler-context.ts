import type { Clock } from '../../core/clock.ts';
import { pageOf } from '../../core/page.ts';
import type { IsCallable } from '../../ports/call.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import type { ClientTokens } from './client-tokens.ts';
import type { GroupKey } from './schedule-record.ts';
import { DEFAULT_GROUP } from './schedule-record.ts';
import { invalid } from './scheduler-errors.ts';
import type { Schedules } from './schedules.ts';

/** What the operations share. */
export interface SchedulerContext {
  readonly schedules: Schedules;
  readonly tokens: ClientTokens;
  readonly clock: Clock;
  readonly isCallable: IsCallable;
}

export type SchedulerOperations = Operations<typeof import('@aws-sdk/client-scheduler')>;

export function groupOf(
  { accountId, region }: RequestContext,
  group: string | undefined = DEFAULT_GROUP,
): GroupKey {
  return { accountId, region, group };
}

/** Of a request by its client token, which every SDK makes up where its caller gives none; undefined without one. */
export function tokenKey(
  { accountId, region }: RequestContext,
  operation: string,
  token: string | undefined,
): string | undefined {
  return token === undefined ? undefined : `${accountId}/${region}/${operation}/${token}`;
}

/** Items of a page where the caller does not say: the most there may be, by the API reference of the lists. */
const PAGE_ITEMS = 100;

export function page<T>(
  sorted: readonly T[],
  keyOf: (item: T) => string,
  { MaxResults = PAGE_ITEMS, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
): { readonly shown: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const found = pageOf(sorted, { keyOf, maxItems: MaxResults, token: NextToken });
  if (found === undefined) throw invalid('Invalid NextToken.');
  const { items, nextToken } = found;
  return { shown: items, next: nextToken === undefined ? {} : { NextToken: nextToken } };
}
