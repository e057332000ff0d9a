/** Statements as writes of items. */
import { AwsError } from '../../../core/errors.ts';
import type { RequestContext } from '../../../ports/service.ts';
import { consumedCapacity } from '../consumed-capacity.ts';
import type { DynamoContext } from '../dynamodb-context.ts';
import { itemTable } from '../dynamodb-context.ts';
import { validationError } from '../engine/item-checks.ts';
import { itemSize } from '../engine/item-size.ts';
import type { Item } from '../engine/item-text.ts';
import { itemOfText, textOfItem } from '../engine/item-text.ts';
import type { WriteResult } from '../engine/requests.ts';
import { checkKeysStay } from '../expressions/expression-keys.ts';
import type { Condition } from '../expressions/parsed.ts';
import { updatedPart } from '../expressions/projection.ts';
import { checkItemSize, keyOfKey, keyOfNewItem } from '../item-keys.ts';
import { writeItem } from '../item-writes.ts';
import type { Table } from '../table.ts';
import type { TransactionWrite } from '../transactions.ts';
import type { InsertStatement, Returning, WriteStatement } from './statement.ts';
import { conjunctionOf, keyedConditions } from './statement-keys.ts';

export interface WriteSettings {
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE' | undefined;
  readonly ReturnConsumedCapacity?: 'INDEXES' | 'TOTAL' | 'NONE' | undefined;
}

/** Throws `ValidationException`, or `ResourceNotFoundException`. */
export function writeOf(
  dynamo: DynamoContext,
  statement: WriteStatement,
  settings: WriteSettings,
  caller: RequestContext,
): TransactionWrite {
  const table = itemTable(dynamo, statement.table, caller);
  const showsRefused = settings.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  const shared = { table: dynamo.tables.layoutId(table), showsRefused };
  if (statement.kind === 'insert') return insertionOf(table, statement, shared);
  const { key: item, rest } = keyOf(table, statement);
  const key = keyOfKey(table, item);
  const exists = existence(table, 'attribute_exists');
  if (statement.kind === 'update') {
    checkKeysStay(statement.update, table.layout.key);
    const returns = returnsOf(statement.returning);
    const condition = conjunctionOf(rest === undefined ? [exists] : [exists, rest]);
    const keyItem = textOfItem(item);
    const write = {
      ...shared,
      kind: 'update' as const,
      key,
      keyItem,
      update: statement.update,
      condition,
      returns,
    };
    return { table, item, write };
  }
  if (statement.kind === 'exists') {
    if (rest === undefined) throw invalidExists();
    return { table, item, write: { ...shared, kind: 'check', key, condition: rest } };
  }
  // Of an item that is not there, nothing is left to delete: that is no error.
  const absent = existence(table, 'attribute_not_exists');
  const condition: Condition | undefined = rest && { kind: 'or', conditions: [absent, rest] };
  return {
    table,
    item,
    write: { ...shared, kind: 'delete', key, condition, returns: returnsOf(statement.returning) },
  };
}

function insertionOf(
  table: Table,
  { item }: InsertStatement,
  shared: { readonly table: number; readonly showsRefused: boolean },
): TransactionWrite {
  const sizeBytes = itemSize(item);
  checkItemSize(sizeBytes);
  const key = keyOfNewItem(table, item);
  const condition = existence(table, 'attribute_not_exists');
  const write = { ...shared, kind: 'put' as const, key, item: textOfItem(item), sizeBytes, condition };
  return { table, item, isInsertion: true, write };
}

function keyOf(table: Table, statement: Exclude<WriteStatement, InsertStatement>) {
  const where = statement.kind === 'exists' ? statement.select.where : statement.where;
  const keyed = keyedConditions(where, table.layout.key);
  if (keyed !== undefined) return keyed;
  throw statement.kind === 'exists'
    ? invalidExists()
    : validationError('Where clause does not contain a mandatory equality on all key attributes');
}

function invalidExists(): AwsError {
  return validationError('EXISTS() must contain a single item read with additional condition');
}

function existence({ layout }: Table, name: 'attribute_exists' | 'attribute_not_exists'): Condition {
  return { kind: 'call', name, operands: [{ kind: 'path', path: [layout.key.partition.name] }] };
}

function returnsOf(returning: Returning | undefined): ('before' | 'after')[] {
  if (returning === undefined) return [];
  return [returning.isNew ? 'after' : 'before'];
}

/** Throws `ConditionalCheckFailedException` or `DuplicateItemException` where it is refused. */
export async function executeWrite(
  dynamo: DynamoContext,
  statement: WriteStatement,
  settings: WriteSettings,
  caller: RequestContext,
) {
  if (statement.kind === 'exists') {
    throw validationError('EXISTS can only be used in ExecuteTransaction write requests.');
  }
  const write = writeOf(dynamo, statement, settings, caller);
  try {
    const { result, usage } = await writeItem(dynamo, write);
    const capacity = consumedCapacity(write.table, usage, settings.ReturnConsumedCapacity);
    return {
      Items: returned(statement, result),
      ...(capacity === undefined ? {} : { ConsumedCapacity: capacity }),
    };
  } catch (error) {
    if (statement.kind !== 'insert' || !isRefusal(error)) throw error;
    if (statement.isLenient) return { Items: [] };
    throw new AwsError('DuplicateItemException', 'Duplicate primary key exists in table');
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof AwsError && error.code === 'ConditionalCheckFailedException';
}

function returned(statement: WriteStatement, { before, after }: WriteResult): Item[] {
  const text = after ?? before;
  if (text === undefined) return [];
  const item = itemOfText(text);
  if (statement.kind !== 'update' || statement.returning?.isWhole !== false) return [item];
  const part = updatedPart(statement.update, item);
  return Object.keys(part).length === 0 ? [] : [part];
}
