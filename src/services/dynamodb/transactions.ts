/** Reads and writes of several items, all or nothing. */
import { hash } from 'node:crypto';
import type { ConsumedCapacity, ReturnConsumedCapacity } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../core/errors.ts';
import type { RowKey } from '../../ports/item-store.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { Usage } from './consumed-capacity.ts';
import { consumedCapacity, readUnits, sumOfUsages } from './consumed-capacity.ts';
import type { DynamoContext } from './dynamodb-context.ts';
import { validationError } from './engine/item-checks.ts';
import { itemSize } from './engine/item-size.ts';
import type { Item } from './engine/item-text.ts';
import { itemOfText } from './engine/item-text.ts';
import type { Refusal, WriteRequest } from './engine/requests.ts';
import type { Projection } from './expressions/parsed.ts';
import { collectionsOf } from './item-collections.ts';
import type { TableWrite } from './item-writes.ts';
import { writeItems } from './item-writes.ts';
import type { Table } from './table.ts';

/** Source: API reference of TransactWriteItems: a token is good for ten minutes. */
const TOKEN_LIFE_MS = 600_000;
/** "DynamoDB performs two underlying reads or writes of every item in the transaction." */
const TRANSACTION_FACTOR = 2;

export interface TransactionWrite extends TableWrite {
  /** The item, or its key alone. */
  readonly item: Item;
  /** Whether its condition is that there is no such item yet. */
  readonly isInsertion?: boolean;
}

export interface TransactionRead {
  readonly table: Table;
  readonly key: RowKey;
  readonly projection?: Projection | undefined;
}

interface TransactionInput {
  readonly ClientRequestToken?: string | undefined;
  readonly ReturnConsumedCapacity?: ReturnConsumedCapacity | undefined;
}

/** `content`: what may not differ between requests of one token. Throws `TransactionCanceledException`. */
export async function writeTransaction(
  dynamo: DynamoContext,
  writes: readonly TransactionWrite[],
  input: TransactionInput & { readonly content: unknown },
  caller: RequestContext,
) {
  checkDistinct(writes);
  const token = tokenOf(dynamo, input, caller);
  const { reply, usages } = await writeItems(dynamo, writes, {
    factor: TRANSACTION_FACTOR,
    ...(token === undefined ? {} : { token }),
  });
  if (reply.kind === 'refused') throw cancelled(writes, reply.refusals);
  if (reply.kind === 'repeated') {
    if (!reply.isSame) throw tokenMismatch();
    return capacities(repeatedUsages(writes), input, 'ReadCapacityUnits');
  }
  return { ...capacities(usages, input, 'WriteCapacityUnits'), ...collectionsOf(writes, reply.results) };
}

export async function readTransaction(
  dynamo: DynamoContext,
  reads: readonly TransactionRead[],
  input: TransactionInput,
) {
  for (const { table } of reads) dynamo.buckets.check(table, 'read');
  const found = await dynamo.engine.ask({
    ask: 'get',
    gets: reads.map(({ table, key, projection }) => ({
      table: dynamo.tables.layoutId(table),
      key,
      projection,
    })),
  });
  const usages = new Map<Table, Usage>();
  for (const [index, { sizeBytes }] of found.entries()) {
    const { table } = reads[index]!;
    const units = readUnits(sizeBytes, true) * TRANSACTION_FACTOR;
    dynamo.buckets.take(table, 'read', units);
    add(usages, table, { table: units, indexes: {} });
  }
  return {
    Responses: found.map(({ item }) => (item === undefined ? {} : { Item: itemOfText(item) })),
    ...capacities(usages, input, 'ReadCapacityUnits'),
  };
}

function checkDistinct(actions: readonly TransactionWrite[]): void {
  const keys = actions.map(({ write: { table, key } }) =>
    [table, ...key.map((part) => Buffer.from(part).toString('base64'))].join('/'),
  );
  if (new Set(keys).size < keys.length) {
    throw validationError('Transaction request cannot include multiple operations on one item');
  }
}

function tokenOf(
  { clock }: DynamoContext,
  { ClientRequestToken: token, content }: TransactionInput & { readonly content: unknown },
  { accountId, region }: RequestContext,
): WriteRequest['token'] | undefined {
  if (token === undefined) return undefined;
  return {
    scope: `${accountId}/${region}/${token}`,
    digest: hash('sha256', JSON.stringify(content), 'base64'),
    expiresMs: clock.now() + TOKEN_LIFE_MS,
  };
}

/** Recorded form; the reasons are in the order of the actions. */
function cancelled(
  writes: readonly TransactionWrite[],
  refusals: readonly (Refusal | undefined)[],
): AwsError {
  const reasons = refusals.map((refusal, index) =>
    refusal === undefined
      ? { Code: 'None' }
      : writes[index]!.isInsertion === true && refusal.code === 'ConditionalCheckFailed'
        ? { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' }
        : {
            Code: refusal.code,
            Message: refusal.message,
            ...(refusal.item === undefined ? {} : { Item: itemOfText(refusal.item) }),
          },
  );
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new AwsError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  );
}

function tokenMismatch(): AwsError {
  return new AwsError(
    'IdempotentParameterMismatchException',
    'The request uses the same client token as a previous, but non-identical request.',
  );
}

/** Doing nothing again counts as reading what would have been written. */
function repeatedUsages(actions: readonly TransactionWrite[]): Map<Table, Usage> {
  const usages = new Map<Table, Usage>();
  for (const { table, item } of actions) {
    add(usages, table, { table: readUnits(itemSize(item), true) * TRANSACTION_FACTOR, indexes: {} });
  }
  return usages;
}

function add(usages: Map<Table, Usage>, table: Table, usage: Usage): void {
  const before = usages.get(table);
  usages.set(table, before === undefined ? usage : sumOfUsages([before, usage]));
}

function capacities(
  usages: ReadonlyMap<Table, Usage>,
  { ReturnConsumedCapacity: mode }: Pick<TransactionInput, 'ReturnConsumedCapacity'>,
  kind: 'ReadCapacityUnits' | 'WriteCapacityUnits',
): { ConsumedCapacity?: ConsumedCapacity[] } {
  const told = [...usages].flatMap(([table, usage]) => consumedCapacity(table, usage, mode, kind) ?? []);
  return told.length === 0 ? {} : { ConsumedCapacity: told };
}
