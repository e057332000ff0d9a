import type { Clock } from '../../core/clock.ts';
import { pageOf } from '../../core/page.ts';
import type { Operations } from '../../ports/service.ts';
import type { PipeKey, PipeRecord } from './pipe-record.ts';
import type { PipeRunners } from './pipe-runners.ts';
import type { PipeTable } from './pipe-table.ts';
import { invalid, noSuchPipe } from './pipes-errors.ts';

/** What the operations share. */
export interface PipesContext {
  readonly table: PipeTable;
  readonly runners: PipeRunners;
  readonly clock: Clock;
}

export type PipesOperations = Operations<typeof import('@aws-sdk/client-pipes')>;

/** Throws `NotFoundException`. */
export function existingPipe({ table }: PipesContext, key: PipeKey): PipeRecord {
  const pipe = table.find(key);
  if (pipe === undefined) throw noSuchPipe(key.name);
  return pipe;
}

/** Where the caller does not say: the most there may be, by the API reference of ListPipes. */
const PAGE_ITEMS = 100;

export function page(
  sorted: readonly PipeRecord[],
  { Limit = PAGE_ITEMS, NextToken }: { Limit?: number | undefined; NextToken?: string | undefined },
): { readonly shown: readonly PipeRecord[]; readonly next: { readonly NextToken?: string } } {
  const found = pageOf(sorted, { keyOf: ({ name }) => name, maxItems: Limit, token: NextToken });
  if (found === undefined) throw invalid('Invalid NextToken.');
  const { items, nextToken } = found;
  return { shown: items, next: nextToken === undefined ? {} : { NextToken: nextToken } };
}
