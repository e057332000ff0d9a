/** How reads in the order of keys reach the engine, and what is answered. */
import type { ConsumedCapacity, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { withJsonText } from '../../core/json-text.ts';
import type { Usage } from './consumed-capacity.ts';
import { consumedCapacity, readUnits } from './consumed-capacity.ts';
import type { DynamoContext } from './dynamodb-context.ts';
import { heldNames } from './engine/index-entries.ts';
import { invalidValues, validationError } from './engine/item-checks.ts';
import type { Item } from './engine/item-text.ts';
import { itemOfText, withBytes } from './engine/item-text.ts';
import type { ReadReply, ReadRequest } from './engine/requests.ts';
import type { IndexLayout } from './engine/table-layout.ts';
import type { Projection } from './expressions/parsed.ts';
import type { Table } from './table.ts';

export type ReadInput = Pick<
  QueryCommandInput,
  'Select' | 'IndexName' | 'ConsistentRead' | 'Limit' | 'ReturnConsumedCapacity'
>;

export async function readItems(
  { engine, tables, buckets }: DynamoContext,
  table: Table,
  index: IndexLayout | undefined,
  input: ReadInput,
  request: Omit<ReadRequest, 'ask' | 'table' | 'index' | 'limit' | 'isWhole' | 'isCount'>,
) {
  checkProjected(table, index, request.projection);
  const globalIndex = index?.isLocal === false ? [index.name] : [];
  buckets.check(table, 'read', globalIndex);
  const reply = await engine.ask({
    ask: 'read',
    table: tables.layoutId(table),
    index: index?.id,
    limit: input.Limit ?? Number.MAX_SAFE_INTEGER,
    isWhole: isWhole(input, index, request.projection),
    isCount: input.Select === 'COUNT',
    ...request,
  });
  const usage = readUsage(reply, index, input.ConsistentRead);
  for (const [name, units] of Object.entries(usage.indexes)) {
    buckets.take(table, 'read', units, globalIndex.length > 0 ? name : undefined);
  }
  buckets.take(table, 'read', usage.table);
  return answer(table, input, reply, usage);
}

interface ReadAnswer {
  readonly Items?: Item[];
  readonly Count: number;
  readonly ScannedCount: number;
  readonly LastEvaluatedKey?: Item;
  readonly ConsumedCapacity?: ConsumedCapacity;
}

function answer(
  table: Table,
  { Select, ReturnConsumedCapacity }: ReadInput,
  reply: ReadReply,
  usage: Usage,
): ReadAnswer {
  const capacity = consumedCapacity(table, usage, ReturnConsumedCapacity);
  const answered = {
    Count: reply.count,
    ScannedCount: reply.scanned,
    ...(reply.lastKey === undefined ? {} : { LastEvaluatedKey: itemOfText(reply.lastKey) }),
    ...(capacity === undefined ? {} : { ConsumedCapacity: capacity }),
  };
  return Select === 'COUNT' ? answered : withJsonText(answered, 'Items', reply.items, itemsOf);
}

function itemsOf(text: string): Item[] {
  const items = JSON.parse(text) as Item[];
  if (text.includes('"B":') || text.includes('"BS":')) items.forEach(withBytes);
  return items;
}

function readUsage(
  { sizeBytes, fetchedBytes }: ReadReply,
  index: IndexLayout | undefined,
  isConsistent: boolean | undefined,
): Usage {
  const units = readUnits(sizeBytes, isConsistent);
  if (index === undefined) return { table: units, indexes: {} };
  const fetched = fetchedBytes.reduce((sum, bytes) => sum + readUnits(bytes, isConsistent), 0);
  return { table: fetched, indexes: { [index.name]: units } };
}

/** The index that a read names. Throws `ValidationException`. */
export function indexOf(
  table: Table,
  { IndexName: name, ConsistentRead, Select }: ReadInput,
): IndexLayout | undefined {
  if (name === undefined) {
    if (Select === 'ALL_PROJECTED_ATTRIBUTES') {
      throw invalidValues('ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName');
    }
    return undefined;
  }
  const record = table.index(name);
  if (record === undefined || record.status === 'DELETING') {
    throw validationError(`The table does not have the specified index: ${name}`);
  }
  if (record.status === 'CREATING') {
    throw validationError(`Cannot read from backfilling global secondary index: ${name}`);
  }
  const index = table.indexLayout(name);
  if (!index.isLocal && ConsistentRead === true) {
    throw validationError('Consistent reads are not supported on global secondary indexes');
  }
  if (!index.isLocal && Select === 'ALL_ATTRIBUTES' && index.projection !== 'ALL') {
    throw invalidValues(
      `Select type ALL_ATTRIBUTES is not supported for global secondary index ${name} because its projection type is not ALL`,
    );
  }
  return index;
}

/** Local indexes give what they do not hold, from the table. */
function isWhole(
  { Select }: ReadInput,
  index: IndexLayout | undefined,
  projection: Projection | undefined,
): boolean {
  return index?.isLocal === true && (Select === 'ALL_ATTRIBUTES' || projection !== undefined);
}

/** Source: API reference of Query: of a global index only what it holds can be asked for. */
function checkProjected(
  { layout }: Table,
  index: IndexLayout | undefined,
  projection: Projection | undefined,
): void {
  if (index === undefined || index.isLocal || index.projection === 'ALL' || projection === undefined) return;
  const held = heldNames(index, layout);
  const missing = projection.map(([name]) => String(name)).filter((name) => !held.has(name));
  if (missing.length === 0) return;
  throw invalidValues(`Global secondary index ${index.name} does not project [${missing.join(', ')}]`);
}
