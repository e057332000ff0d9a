/** How writes reach the engine, and what follows from them: capacity, waking of readers, expiry. */
import { AwsError } from '../../core/errors.ts';
import type { Usage } from './consumed-capacity.ts';
import { sumOfUsages, writeUnits, writeUsage } from './consumed-capacity.ts';
import type { DynamoContext } from './dynamodb-context.ts';
import { validationError } from './engine/item-checks.ts';
import { itemOfText } from './engine/item-text.ts';
import type { Refusal, Write, WriteReply, WriteRequest, WriteResult } from './engine/requests.ts';
import type { Table } from './table.ts';

export interface TableWrite {
  readonly table: Table;
  readonly write: Write;
}

/** Writes all or nothing. `factor`: how often each counts, as transactions do twice. */
export async function writeItems(
  dynamo: DynamoContext,
  writes: readonly TableWrite[],
  options: { readonly token?: WriteRequest['token']; readonly factor?: number } = {},
): Promise<{ readonly reply: WriteReply; readonly usages: ReadonlyMap<Table, Usage> }> {
  const { engine, clock, buckets, signals, ttl } = dynamo;
  for (const { table } of writes) buckets.check(table, 'write', globalIndexes(table));
  const { token } = options;
  const reply = await engine.ask({
    ask: 'write',
    nowMs: clock.now(),
    writes: writes.map(({ write }) => write),
    ...(token === undefined ? {} : { token }),
  });
  const { factor = 1 } = options;
  // Source: "DynamoDB read and write operations": a write that is refused by its condition uses capacity all the same.
  for (const [index, refusal] of (reply.kind === 'refused' ? reply.refusals : []).entries()) {
    if (refusal !== undefined)
      buckets.take(writes[index]!.table, 'write', writeUnits(refusal.sizeBytes) * factor);
  }
  const results = reply.kind === 'written' ? reply.results : [];
  const usages = usagesOf(writes, results, factor);
  for (const [table, usage] of usages) {
    takeUsage(dynamo, table, usage);
    if (table.layout.stream !== undefined) signals.wake(table.layout.stream.id);
  }
  for (const stream of (reply.kind === 'written' && reply.resharded) || []) signals.wakeAll(stream);
  for (const [index, { expires }] of results.entries()) {
    if (expires !== undefined) ttl.expect(writes[index]!.table, expires);
  }
  return { reply, usages };
}

/** One write. Throws `ConditionalCheckFailedException` or `ValidationException` where it is refused. */
export async function writeItem(
  dynamo: DynamoContext,
  write: TableWrite,
): Promise<{ readonly result: WriteResult; readonly usage: Usage }> {
  const { reply, usages } = await writeItems(dynamo, [write]);
  if (reply.kind === 'refused') throw refusalError(reply.refusals[0]!);
  if (reply.kind === 'repeated') throw new TypeError('a write without a token cannot have been made before');
  return { result: reply.results[0]!, usage: usages.get(write.table)! };
}

function refusalError({ code, message, item }: Refusal): AwsError {
  if (code === 'ValidationError') return validationError(message);
  return new AwsError(
    'ConditionalCheckFailedException',
    message,
    item === undefined ? {} : { Item: itemOfText(item) },
  );
}

function usagesOf(
  writes: readonly TableWrite[],
  results: readonly WriteResult[],
  factor: number,
): Map<Table, Usage> {
  const byTable = new Map<Table, Usage[]>();
  for (const [index, result] of results.entries()) {
    const { table } = writes[index]!;
    const usages = byTable.get(table) ?? [];
    usages.push(writeUsage(result));
    byTable.set(table, usages);
  }
  return new Map([...byTable].map(([table, usages]) => [table, sumOfUsages(usages, factor)]));
}

/** Local indexes use the table's capacity, global ones have their own. */
function takeUsage({ buckets }: DynamoContext, table: Table, usage: Usage): void {
  if (table.isOnDemand) return;
  let own = usage.table;
  for (const { name, isLocal } of table.layout.indexes) {
    const units = usage.indexes[name] ?? 0;
    if (isLocal) own += units;
    else if (units > 0) buckets.take(table, 'write', units, name);
  }
  buckets.take(table, 'write', own);
}

function globalIndexes({ isOnDemand, layout }: Table): string[] {
  return isOnDemand ? [] : layout.indexes.filter(({ isLocal }) => !isLocal).map(({ name }) => name);
}
