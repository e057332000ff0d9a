/** TransactWriteItems and TransactGetItems. */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { RequestContext } from '../../ports/service.ts';
import { checkedItem } from './attribute-values.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { itemTable } from './dynamodb-context.ts';
import { invalidValues, validationError } from './engine/item-checks.ts';
import { itemSize } from './engine/item-size.ts';
import { textOfItem } from './engine/item-text.ts';
import { checkKeysStay } from './expressions/expression-keys.ts';
import { expressionsOf } from './expressions/expressions.ts';
import { hasCollections } from './item-collections.ts';
import { checkItemSize, keyOfKey, keyOfNewItem } from './item-keys.ts';
import type { TransactionWrite } from './transactions.ts';
import { readTransaction, writeTransaction } from './transactions.ts';

/** Source: API reference of TransactWriteItems. */
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;

type TransactionOperations = 'TransactWriteItems' | 'TransactGetItems';

export function transactionOperations(
  dynamo: DynamoContext,
): Required<Pick<DynamoOperations, TransactionOperations>> {
  return {
    async TransactWriteItems(input, caller) {
      const measures = input.ReturnItemCollectionMetrics === 'SIZE';
      const actions = (input.TransactItems ?? []).map((item) => actionOf(dynamo, item, measures, caller));
      const size = actions.reduce((sum, { item }) => sum + itemSize(item), 0);
      if (size > MAX_TRANSACTION_BYTES) {
        throw validationError(
          'Member must have length less than or equal to 4194304: transaction is too large',
        );
      }
      return writeTransaction(dynamo, actions, { ...input, content: input.TransactItems }, caller);
    },

    async TransactGetItems(input, caller) {
      const gets = (input.TransactItems ?? []).map(({ Get: get }) => {
        if (get === undefined) throw invalidValues('TransactItems can only contain Get');
        const { projection } = expressionsOf(get, ['projection']);
        const keyItem = checkedItem(get.Key ?? {});
        const table = itemTable(dynamo, get.TableName, caller);
        return { table, projection, key: keyOfKey(table, keyItem) };
      });
      return readTransaction(dynamo, gets, input);
    },
  };
}

function actionOf(
  dynamo: DynamoContext,
  transacted: TransactWriteItem,
  measures: boolean,
  caller: RequestContext,
): TransactionWrite {
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
