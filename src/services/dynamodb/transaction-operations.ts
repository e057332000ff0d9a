/** TransactWriteItems and TransactGetItems. */
import { hash } from 'node:crypto';
import type {
  ConsumedCapacity,
  TransactWriteItem,
  TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import { checkedItem } from './attribute-values.ts';
import { consumedCapacity, readUnits, sumOfUsages, type Usage } from './consumed-capacity.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { itemTable } from './dynamodb-context.ts';
import { invalidValues, validationError } from './engine/item-checks.ts';
import { itemSize } from './engine/item-size.ts';
import type { Item } from './engine/item-text.ts';
import { itemOfText, textOfItem } from './engine/item-text.ts';
import type { Refusal, WriteRequest } from './engine/requests.ts';
import { checkKeysStay } from './expressions/expression-keys.ts';
import { expressionsOf } from './expressions/expressions.ts';
import { collectionsOf, hasCollections } from './item-collections.ts';
import { checkItemSize, keyOfKey, keyOfNewItem } from './item-keys.ts';
import type { TableWrite } from './item-writes.ts';
import { writeItems } from './item-writes.ts';
import type { Table } from './table.ts';

/** Source: API reference of TransactWriteItems: a token is good for ten minutes. */
const TOKEN_LIFE_MS = 600_000;
/** Source: the same. */
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
/** "DynamoDB performs two underlying reads or writes of every item in the transaction." */
const TRANSACTION_FACTOR = 2;

type TransactionOperations = 'TransactWriteItems' | 'TransactGetItems';

export function transactionOperations(
  dynamo: DynamoContext,
): Required<Pick<DynamoOperations, TransactionOperations>> {
  return {
    async TransactWriteItems(input, caller) {
      const measures = input.ReturnItemCollectionMetrics === 'SIZE';
      const actions = (input.TransactItems ?? []).map((item) => actionOf(dynamo, item, measures, caller));
      checkDistinct(actions);
      const size = actions.reduce((sum, { item }) => sum + itemSize(item), 0);
      if (size > MAX_TRANSACTION_BYTES) {
        throw validationError(
          'Member must have length less than or equal to 4194304: transaction is too large',
        );
      }
      const token = tokenOf(dynamo, input, caller);
      const { reply, usages } = await writeItems(dynamo, actions, {
        factor: TRANSACTION_FACTOR,
        ...(token === undefined ? {} : { token }),
      });
      if (reply.kind === 'refused') throw cancelled(reply.refusals);
      if (reply.kind === 'repeated') {
        if (!reply.isSame) throw tokenMismatch();
        return capacities(repeatedUsages(actions), input, 'ReadCapacityUnits');
      }
      return {
        ...capacities(usages, input, 'WriteCapacityUnits'),
        ...collectionsOf(actions, reply.results),
      };
    },

    async TransactGetItems(input, caller) {
      const gets = (input.TransactItems ?? []).map(({ Get: get }) => {
        if (get === undefined) throw invalidValues('TransactItems can only contain Get');
        const { projection } = expressionsOf(get, ['projection']);
        const keyItem = checkedItem(get.Key ?? {});
        const table = itemTable(dynamo, get.TableName, caller);
        return { table, item: keyItem, projection, key: keyOfKey(table, keyItem) };
      });
      for (const { table } of gets) dynamo.buckets.check(table, 'read');
      const found = await dynamo.engine.ask({
        ask: 'get',
        gets: gets.map(({ table, key, projection }) => ({
          table: dynamo.tables.layoutId(table),
          key,
          projection,
        })),
      });
      const usages = new Map<Table, Usage>();
      for (const [index, { sizeBytes }] of found.entries()) {
        const { table } = gets[index]!;
        const units = readUnits(sizeBytes, true) * TRANSACTION_FACTOR;
        dynamo.buckets.take(table, 'read', units);
        add(usages, table, { table: units, indexes: {} });
      }
      return {
        Responses: found.map(({ item }) => (item === undefined ? {} : { Item: itemOfText(item) })),
        ...capacities(usages, input, 'ReadCapacityUnits'),
      };
    },
  };
}

interface Action extends TableWrite {
  /** The item, or its key alone. */
  readonly item: Item;
}

function actionOf(
  dynamo: DynamoContext,
  transacted: TransactWriteItem,
  measures: boolean,
  caller: RequestContext,
): Action {
  const { Put: put, Update: update, Delete: deletion, ConditionCheck: check } = transacted;
  const given = [put, update, deletion, check].filter((action) => action !== undefined);
  if (given.length !== 1) {
    throw validationError('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const action = given[0]!;
  const expressions = expressionsOf(action, update === undefined ? ['condition'] : ['update', 'condition']);
  const item = checkedItem(put?.Item ?? (update ?? deletion ?? check)?.Key ?? {});
  if (put !== undefined) checkItemSize(itemSize(item));
  const table = itemTable(dynamo, action.TableName, caller);
  checkKeysStay(expressions.update, table.layout.key);
  const shared = {
    table: dynamo.tables.layoutId(table),
    key: put === undefined ? keyOfKey(table, item) : keyOfNewItem(table, item),
    condition: expressions.condition,
    showsRefused: action.ReturnValuesOnConditionCheckFailure === 'ALL_OLD',
    measuresCollection: measures && hasCollections(table),
  };
  if (put !== undefined) {
    return {
      table,
      item,
      write: { ...shared, kind: 'put', item: textOfItem(item), sizeBytes: itemSize(item) },
    };
  }
  if (update !== undefined) {
    const write = {
      ...shared,
      kind: 'update' as const,
      keyItem: textOfItem(item),
      update: expressions.update,
    };
    return { table, item, write };
  }
  return { table, item, write: { ...shared, kind: deletion === undefined ? 'check' : 'delete' } };
}

function checkDistinct(actions: readonly Action[]): void {
  const keys = actions.map(({ write: { table, key } }) =>
    [table, ...key.map((part) => Buffer.from(part).toString('base64'))].join('/'),
  );
  if (new Set(keys).size < keys.length) {
    throw validationError('Transaction request cannot include multiple operations on one item');
  }
}

function tokenOf(
  { clock }: DynamoContext,
  { ClientRequestToken: token, TransactItems }: TransactWriteItemsCommandInput,
  { accountId, region }: RequestContext,
): WriteRequest['token'] | undefined {
  if (token === undefined) return undefined;
  return {
    scope: `${accountId}/${region}/${token}`,
    digest: hash('sha256', JSON.stringify(TransactItems), 'base64'),
    expiresMs: clock.now() + TOKEN_LIFE_MS,
  };
}

/** Recorded form; the reasons are in the order of the actions. */
function cancelled(refusals: readonly (Refusal | undefined)[]): AwsError {
  const reasons = refusals.map((refusal) =>
    refusal === undefined
      ? { Code: 'None' }
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
function repeatedUsages(actions: readonly Action[]): Map<Table, Usage> {
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
  { ReturnConsumedCapacity: mode }: Pick<TransactWriteItemsCommandInput, 'ReturnConsumedCapacity'>,
  kind: 'ReadCapacityUnits' | 'WriteCapacityUnits',
): { ConsumedCapacity?: ConsumedCapacity[] } {
  const told = [...usages].flatMap(([table, usage]) => consumedCapacity(table, usage, mode, kind) ?? []);
  return told.length === 0 ? {} : { ConsumedCapacity: told };
}
