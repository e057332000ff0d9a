import type { ReturnValue } from '@aws-sdk/client-dynamodb';
import { withJsonText } from '../../core/json-text.ts';
import { checkedItem } from './attribute-values.ts';
import { consumedCapacity, readUnits } from './consumed-capacity.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { itemTable } from './dynamodb-context.ts';
import { validationError } from './engine/item-checks.ts';
import { itemSize } from './engine/item-size.ts';
import type { Item } from './engine/item-text.ts';
import { itemOfText, textOfItem } from './engine/item-text.ts';
import type { WriteResult } from './engine/requests.ts';
import { checkKeysStay } from './expressions/expression-keys.ts';
import { expressionsOf } from './expressions/expressions.ts';
import { updatedPart } from './expressions/projection.ts';
import { collectionMetrics, hasCollections } from './item-collections.ts';
import { checkItemSize, keyOfKey, keyOfNewItem } from './item-keys.ts';
import type { TableWrite } from './item-writes.ts';
import { writeItem } from './item-writes.ts';
import type { Table } from './table.ts';

type ItemOperations = 'PutItem' | 'GetItem' | 'UpdateItem' | 'DeleteItem';

export function itemOperations(dynamo: DynamoContext): Required<Pick<DynamoOperations, ItemOperations>> {
  const { engine, tables, buckets } = dynamo;
  return {
    async PutItem(input, caller) {
      const { condition } = expressionsOf(input, ['condition']);
      const item = checkedItem(input.Item ?? {});
      checkReturnValues(input.ReturnValues);
      const sizeBytes = itemSize(item);
      checkItemSize(sizeBytes);
      const table = itemTable(dynamo, input.TableName, caller);
      const write: TableWrite = {
        table,
        write: {
          kind: 'put',
          table: tables.layoutId(table),
          key: keyOfNewItem(table, item),
          item: textOfItem(item),
          sizeBytes,
          condition,
          ...returned(input, table),
        },
      };
      return answered(input, table, item, await writeItem(dynamo, write));
    },

    async DeleteItem(input, caller) {
      const { condition } = expressionsOf(input, ['condition']);
      const keyItem = checkedItem(input.Key ?? {});
      checkReturnValues(input.ReturnValues);
      const table = itemTable(dynamo, input.TableName, caller);
      const write: TableWrite = {
        table,
        write: {
          kind: 'delete',
          table: tables.layoutId(table),
          key: keyOfKey(table, keyItem),
          condition,
          ...returned(input, table),
        },
      };
      return answered(input, table, keyItem, await writeItem(dynamo, write));
    },

    async UpdateItem(input, caller) {
      const { condition, update } = expressionsOf(input, ['update', 'condition']);
      const keyItem = checkedItem(input.Key ?? {});
      const table = itemTable(dynamo, input.TableName, caller);
      const key = keyOfKey(table, keyItem);
      checkKeysStay(update, table.layout.key);
      const write: TableWrite = {
        table,
        write: {
          kind: 'update',
          table: tables.layoutId(table),
          key,
          keyItem: textOfItem(keyItem),
          update,
          condition,
          ...returned(input, table),
        },
      };
      const done = await writeItem(dynamo, write);
      const answer = answered(input, table, keyItem, done);
      if (input.ReturnValues !== 'UPDATED_OLD' && input.ReturnValues !== 'UPDATED_NEW') return answer;
      const text = input.ReturnValues === 'UPDATED_OLD' ? done.result.before : done.result.after;
      const attributes =
        text === undefined || update === undefined ? {} : updatedPart(update, itemOfText(text));
      return { ...answer, ...(Object.keys(attributes).length === 0 ? {} : { Attributes: attributes }) };
    },

    async GetItem(input, caller) {
      const { projection } = expressionsOf(input, ['projection']);
      const keyItem = checkedItem(input.Key ?? {});
      const table = itemTable(dynamo, input.TableName, caller);
      const key = keyOfKey(table, keyItem);
      buckets.check(table, 'read');
      const [found] = await engine.ask({
        ask: 'get',
        gets: [{ table: tables.layoutId(table), key, projection }],
      });
      const units = readUnits(found!.sizeBytes, input.ConsistentRead);
      buckets.take(table, 'read', units);
      const capacity = consumedCapacity(table, { table: units, indexes: {} }, input.ReturnConsumedCapacity);
      const answer = capacity === undefined ? {} : { ConsumedCapacity: capacity };
      return found!.item === undefined ? answer : withJsonText(answer, 'Item', found!.item, itemOfText);
    },
  };
}

interface WriteInput {
  readonly ReturnValues?: ReturnValue | undefined;
  readonly ReturnConsumedCapacity?: 'INDEXES' | 'TOTAL' | 'NONE' | undefined;
  readonly ReturnItemCollectionMetrics?: 'SIZE' | 'NONE' | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE' | undefined;
}

function checkReturnValues(returnValues: ReturnValue | undefined): void {
  if (returnValues === undefined || returnValues === 'ALL_OLD' || returnValues === 'NONE') return;
  throw validationError('ReturnValues can only be ALL_OLD or NONE');
}

/** What the engine is to hand back for the answer. */
function returned(input: WriteInput, table: Table) {
  const returns: ('before' | 'after')[] = [];
  if (input.ReturnValues === 'ALL_OLD' || input.ReturnValues === 'UPDATED_OLD') returns.push('before');
  if (input.ReturnValues === 'ALL_NEW' || input.ReturnValues === 'UPDATED_NEW') returns.push('after');
  return {
    returns,
    showsRefused: input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD',
    measuresCollection: input.ReturnItemCollectionMetrics === 'SIZE' && hasCollections(table),
  };
}

function answered(
  input: WriteInput,
  table: Table,
  item: Item,
  { result, usage }: { readonly result: WriteResult; readonly usage: Parameters<typeof consumedCapacity>[1] },
) {
  const whole =
    input.ReturnValues === 'ALL_OLD'
      ? result.before
      : input.ReturnValues === 'ALL_NEW'
        ? result.after
        : undefined;
  const capacity = consumedCapacity(table, usage, input.ReturnConsumedCapacity);
  const metrics = collectionMetrics(table, item, result.collectionBytes);
  return {
    ...(whole === undefined ? {} : { Attributes: itemOfText(whole) }),
    ...(capacity === undefined ? {} : { ConsumedCapacity: capacity }),
    ...(metrics === undefined ? {} : { ItemCollectionMetrics: metrics }),
  };
}
