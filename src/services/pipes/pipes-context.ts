import type { Clock } from '../../core/clock.ts';
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

/** Source: API reference of ListPipes, the most there may be; where nothing is said AWS shows 10 or more. */
const PAGE_ITEMS = 100;

export function page(
  pipes: readonly PipeRecord[],
  { Limit = PAGE_ITEMS, NextToken }: { Limit?: number | undefined; NextToken?: string | undefined },
): { readonly shown: PipeRecord[]; readonly next: { readonly NextToken?: string } } {
  const after = NextToken === undefined ? '' : Buffer.from(NextToken, 'base64url').toString();
  if (NextToken !== undefined && Buffer.from(after).toString('base64url') !== NextToken)
    throw invalid('Invalid NextToken.');
  const rest = pipes.filter(({ name }) => name > after);
  const shown = rest.slice(0, Limit);
  const last = shown.at(-1);
  const hasMore = last !== undefined && shown.length < rest.length;
  return { shown, next: hasMore ? { NextToken: Buffer.from(last.name).toString('base64url') } : {} };
}
