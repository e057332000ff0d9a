/** BatchGetItem and BatchWriteItem. */
import type { BatchGetItemCommandInput, KeysAndAttributes, WriteRequest } from '@aws-sdk/client-dynamodb';
import type { RowKey } from '../../ports/item-store.ts';
import type { RequestContext } from '../../ports/service.ts';
import { checkedItem } from './attribute-values.ts';
import { consumedCapacity, readUnits } from './consumed-capacity.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { itemTable } from './dynamodb-context.ts';
import { throughputExceeded } from './dynamodb-errors.ts';
import { validationError } from './engine/item-checks.ts';
import { itemSize } from './engine/item-size.ts';
import type { Item } from './engine/item-text.ts';
import { itemOfText, textOfItem } from './engine/item-text.ts';
import { expressionsOf } from './expressions/expressions.ts';
import type { Projection } from './expressions/parsed.ts';
import { addTo, collectionsOf, hasCollections } from './item-collections.ts';
import { checkItemSize, keyOfKey, keyOfNewItem } from './item-keys.ts';
import type { TableWrite } from './item-writes.ts';
import { writeItems } from './item-writes.ts';
import type { Table } from './table.ts';

/** Source: API reference of BatchGetItem and BatchWriteItem. */
const MAX_GETS = 100;
const MAX_WRITES = 25;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const DUPLICATES = 'Provided list of item keys contains duplicates';

type BatchOperations = 'BatchGetItem' | 'BatchWriteItem';

interface Get {
  /** As the client named it. */
  readonly tableName: string;
  readonly table: Table;
  readonly keyItem: Item;
  readonly key: RowKey;
  readonly projection: Projection | undefined;
  readonly isConsistent: boolean | undefined;
}

export function batchOperations(dynamo: DynamoContext): Required<Pick<DynamoOperations, BatchOperations>> {
  return {
    async BatchGetItem(input, caller) {
      const gets = getsOf(dynamo, input, caller);
      const allowed = gets.filter(({ table }) => dynamo.buckets.hasLeft(table, 'read'));
      if (allowed.length === 0) throw throughputExceeded();
      const found = await dynamo.engine.ask({
        ask: 'get',
        gets: allowed.map(({ table, key, projection }) => ({
          table: dynamo.tables.layoutId(table),
          key,
          projection,
        })),
      });
      const responses: Record<string, Item[]> = Object.fromEntries(
        gets.map(({ tableName }) => [tableName, []]),
      );
      const units = new Map<Table, number>();
      const done = new Set<Get>();
      let size = 0;
      for (const [index, { item, sizeBytes }] of found.entries()) {
        const get = allowed[index]!;
        if (size + sizeBytes > MAX_ANSWER_BYTES) break;
        size += sizeBytes;
        done.add(get);
        if (item !== undefined) responses[get.tableName]!.push(itemOfText(item));
        units.set(get.table, (units.get(get.table) ?? 0) + readUnits(sizeBytes, get.isConsistent));
      }
      for (const [table, used] of units) dynamo.buckets.take(table, 'read', used);
      const left = gets.filter((get) => !done.has(get));
      return {
        Responses: responses,
        UnprocessedKeys: unprocessedKeys(input, left),
        ...told(
          [...units].map(([table, used]) =>
            consumedCapacity(table, { table: used, indexes: {} }, input.ReturnConsumedCapacity),
          ),
        ),
      };
    },

    async BatchWriteItem(input, caller) {
      const measures = input.ReturnItemCollectionMetrics === 'SIZE';
      const writes = writesOf(dynamo, input.RequestItems ?? {}, measures, caller);
      const allowed = writes.filter(({ table }) => dynamo.buckets.hasLeft(table, 'write'));
      if (allowed.length === 0) throw throughputExceeded();
      const { reply, usages } = await writeItems(dynamo, allowed);
      const unprocessed: Record<string, WriteRequest[]> = {};
      for (const write of writes) {
        if (!allowed.includes(write)) addTo(unprocessed, write.tableName, write.request);
      }
      return {
        UnprocessedItems: unprocessed,
        ...collectionsOf(allowed, reply.kind === 'written' ? reply.results : []),
        ...told(
          [...usages].map(([table, usage]) => consumedCapacity(table, usage, input.ReturnConsumedCapacity)),
        ),
      };
    },
  };
}

function told<T>(capacities: readonly (T | undefined)[]): { ConsumedCapacity?: T[] } {
  const known = capacities.filter((capacity) => capacity !== undefined);
  return known.length === 0 ? {} : { ConsumedCapacity: known };
}

function getsOf(dynamo: DynamoContext, input: BatchGetItemCommandInput, caller: RequestContext): Get[] {
  const requests = Object.entries(input.RequestItems ?? {});
  const count = requests.reduce((sum, [, { Keys = [] }]) => sum + Keys.length, 0);
  if (count === 0) {
    throw validationError('The requestItems parameter is required for BatchGetItem');
  }
  if (count > MAX_GETS) throw validationError('Too many items requested for the BatchGetItem call');
  return requests.flatMap(([tableName, request]) => {
    const { projection } = expressionsOf(request, ['projection']);
    const keyItems = (request.Keys ?? []).map(checkedItem);
    const table = itemTable(dynamo, tableName, caller);
    const gets = keyItems.map((keyItem) => ({
      tableName,
      table,
      keyItem,
      key: keyOfKey(table, keyItem),
      projection,
      isConsistent: request.ConsistentRead,
    }));
    checkDistinct(gets.map(({ key }) => key));
    return gets;
  });
}

function unprocessedKeys(
  input: BatchGetItemCommandInput,
  left: readonly Get[],
): Record<string, KeysAndAttributes> {
  const keys: Record<string, Item[]> = {};
  for (const { tableName, keyItem } of left) addTo(keys, tableName, keyItem);
  return Object.fromEntries(
    Object.entries(keys).map(([tableName, Keys]) => [tableName, { ...input.RequestItems![tableName], Keys }]),
  );
}

interface BatchWrite extends TableWrite {
  readonly tableName: string;
  readonly request: WriteRequest;
  readonly item: Item;
}

function writesOf(
  dynamo: DynamoContext,
  requestItems: Record<string, WriteRequest[]>,
  measures: boolean,
  caller: RequestContext,
): BatchWrite[] {
  const requests = Object.entries(requestItems);
  const count = requests.reduce((sum, [, list]) => sum + list.length, 0);
  if (count === 0) {
    throw validationError(
      'Batch write requests must not be empty: The batch write request list for a table cannot be null or empty',
    );
  }
  if (count > MAX_WRITES) throw validationError('Too many items requested for the BatchWriteItem call');
  return requests.flatMap(([tableName, list]) => {
    const checked = list.map(checkedRequest);
    const table = itemTable(dynamo, tableName, caller);
    const writes = checked.map(({ request, item, isPut }) => ({
      tableName,
      table,
      request,
      item,
      write: {
        table: dynamo.tables.layoutId(table),
        measuresCollection: measures && hasCollections(table),
        ...(isPut
          ? {
              kind: 'put' as const,
              key: keyOfNewItem(table, item),
              item: textOfItem(item),
              sizeBytes: itemSize(item),
            }
          : { kind: 'delete' as const, key: keyOfKey(table, item) }),
      },
    }));
    checkDistinct(writes.map(({ write }) => write.key));
    return writes;
  });
}

function checkedRequest(request: WriteRequest): { request: WriteRequest; item: Item; isPut: boolean } {
  const { PutRequest: put, DeleteRequest: deletion } = request;
  if ((put === undefined) === (deletion === undefined)) {
    throw validationError(
      put === undefined
        ? 'Supplied AttributeValue has no PutRequest or DeleteRequest'
        : 'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
  const item = checkedItem(put?.Item ?? deletion?.Key ?? {});
  if (put !== undefined) checkItemSize(itemSize(item));
  return { request, item, isPut: put !== undefined };
}

function checkDistinct(keys: readonly RowKey[]): void {
  const texts = keys.map((key) => key.map((part) => Buffer.from(part).toString('base64')).join('/'));
  if (new Set(texts).size < texts.length) throw validationError(DUPLICATES);
}
