/** Query and Scan. */
import type {
  QueryCommandInput,
  ReturnConsumedCapacity,
  ScanCommandInput,
  Select,
} from '@aws-sdk/client-dynamodb';
import type { RowKey } from '../../ports/item-store.ts';
import { checkedItem } from './attribute-values.ts';
import type { Usage } from './consumed-capacity.ts';
import { consumedCapacity, readUnits } from './consumed-capacity.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { itemTable } from './dynamodb-context.ts';
import { invalidValues, validationError } from './engine/item-checks.ts';
import type { Item } from './engine/item-text.ts';
import { itemOfText, withBytes } from './engine/item-text.ts';
import { PLACE_BYTES, partitionBytes, rowKeyOf, valueBytes } from './engine/key-bytes.ts';
import type { ReadReply, ReadRequest } from './engine/requests.ts';
import type { IndexLayout } from './engine/table-layout.ts';
import { checkFilterKeys } from './expressions/expression-keys.ts';
import { expressionsOf } from './expressions/expressions.ts';
import type { Projection } from './expressions/parsed.ts';
import { checkKey } from './item-keys.ts';
import { keyConditionOf } from './key-conditions.ts';
import type { SortRange } from './sort-range.ts';
import { isWithin, sortRange } from './sort-range.ts';
import type { Table } from './table.ts';

type ReadOperations = 'Query' | 'Scan';
type ReadInput = Pick<
  QueryCommandInput & ScanCommandInput,
  'Select' | 'IndexName' | 'ConsistentRead' | 'Limit' | 'ReturnConsumedCapacity'
>;

const PLACES = 2 ** (8 * PLACE_BYTES);

export function readOperations(dynamo: DynamoContext): Required<Pick<DynamoOperations, ReadOperations>> {
  return {
    async Query(input, caller) {
      const { filter, projection, keyCondition } = expressionsOf(input, [
        'projection',
        'filter',
        'keyCondition',
      ]);
      const start = input.ExclusiveStartKey && checkedItem(input.ExclusiveStartKey);
      checkSelect(input.Select, projection);
      const table = itemTable(dynamo, input.TableName, caller);
      const index = indexOf(table, input);
      const schema = index?.key ?? table.layout.key;
      const { partition, sort } = keyConditionOf(keyCondition, schema);
      checkFilterKeys(filter, schema, input.FilterExpression !== undefined);
      const range = sort === undefined ? {} : sortRange(sort);
      const bytes = partitionBytes(partition);
      const beyond = start && startOfQuery(table, index, start, bytes, range);
      return readItems(dynamo, table, index, input, {
        partition: bytes,
        ...range,
        beyond,
        isDescending: input.ScanIndexForward === false,
        filter,
        projection,
      });
    },

    async Scan(input, caller) {
      const { filter, projection } = expressionsOf(input, ['projection', 'filter']);
      const start = input.ExclusiveStartKey && checkedItem(input.ExclusiveStartKey);
      checkSegments(input);
      checkSelect(input.Select, projection);
      const table = itemTable(dynamo, input.TableName, caller);
      const index = indexOf(table, input);
      return readItems(dynamo, table, index, input, {
        ...segmentOf(input),
        beyond: start && startKey(table, index, start),
        isDescending: false,
        filter,
        projection,
      });
    },
  };
}

export async function readItems(
  { engine, tables, buckets }: DynamoContext,
  table: Table,
  index: IndexLayout | undefined,
  input: ReadInput,
  request: Omit<ReadRequest, 'ask' | 'table' | 'index' | 'limit' | 'isWhole' | 'isCount'>,
) {
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

function answer(
  table: Table,
  {
    Select,
    ReturnConsumedCapacity,
  }: ReadInput & { ReturnConsumedCapacity?: ReturnConsumedCapacity | undefined },
  reply: ReadReply,
  usage: Usage,
) {
  const capacity = consumedCapacity(table, usage, ReturnConsumedCapacity);
  return {
    ...(Select === 'COUNT' ? {} : { Items: itemsOf(reply.items) }),
    Count: reply.count,
    ScannedCount: reply.scanned,
    ...(reply.lastKey === undefined ? {} : { LastEvaluatedKey: itemOfText(reply.lastKey) }),
    ...(capacity === undefined ? {} : { ConsumedCapacity: capacity }),
  };
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

function checkSelect(select: Select | undefined, projection: Projection | undefined): void {
  if (projection !== undefined && select !== undefined && select !== 'SPECIFIC_ATTRIBUTES') {
    throw validationError(
      `Cannot specify the ProjectionExpression when choosing to get ${select === 'COUNT' ? 'only the Count' : select}`,
    );
  }
  if (projection === undefined && select === 'SPECIFIC_ATTRIBUTES') {
    throw validationError(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  }
}

function checkSegments({ Segment: segment, TotalSegments: total }: ScanCommandInput): void {
  if (segment !== undefined && total === undefined) {
    throw validationError(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    );
  }
  if (total === undefined) return;
  if (segment === undefined) {
    throw validationError(
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    );
  }
  if (segment >= total) {
    throw validationError(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
}

/** A part of all places of partitions, which are spread evenly. */
function segmentOf({ Segment: segment, TotalSegments: total }: ScanCommandInput): SortRange {
  if (segment === undefined || total === undefined) return {};
  const place = (part: number): Uint8Array => {
    const bytes = Buffer.alloc(PLACE_BYTES);
    bytes.writeUInt32BE(Math.floor((PLACES * part) / total));
    return bytes;
  };
  return {
    low: { value: place(segment), isInclusive: true },
    high: segment + 1 === total ? undefined : { value: place(segment + 1), isInclusive: false },
  };
}

export function startKey(table: Table, index: IndexLayout | undefined, start: Item): RowKey {
  const { key } = table.layout;
  const names = new Set([key, ...(index === undefined ? [] : [index.key])].flatMap(namesOf));
  if (Object.keys(start).length !== names.size) throw validationError('The provided starting key is invalid');
  const part = (schema: typeof key): Item =>
    Object.fromEntries(
      namesOf(schema).flatMap((name) => (start[name] === undefined ? [] : [[name, start[name]]])),
    );
  try {
    checkKey(key, part(key));
    if (index !== undefined) checkKey(index.key, part(index.key));
  } catch (error) {
    throw validationError(`The provided starting key is invalid: ${(error as Error).message}`);
  }
  const own = rowKeyOf(key, start);
  return index === undefined ? own : [...rowKeyOf(index.key, start), ...own];
}

export function startOfQuery(
  table: Table,
  index: IndexLayout | undefined,
  start: Item,
  partition: Uint8Array,
  range: SortRange,
): RowKey {
  const beyond = startKey(table, index, start);
  const { sort } = index?.key ?? table.layout.key;
  if (sort !== undefined && !isWithin(range, valueBytes(start[sort.name]!))) {
    throw validationError('The provided starting key does not match the range key predicate');
  }
  if (Buffer.compare(beyond[0]!, partition) !== 0) {
    throw validationError(
      range.low === undefined && range.high === undefined
        ? 'The provided starting key is outside query boundaries based on provided conditions'
        : 'The query can return at most one row and cannot be restarted',
    );
  }
  return beyond;
}

function namesOf({ partition, sort }: Table['layout']['key']): string[] {
  return sort === undefined ? [partition.name] : [partition.name, sort.name];
}
