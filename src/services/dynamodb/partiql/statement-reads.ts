/** SELECT statements: as a query where a partition is named, as a scan otherwise. */
import { hash } from 'node:crypto';
import type { ExecuteStatementCommandInput } from '@aws-sdk/client-dynamodb';
import type { RowKey } from '../../../ports/item-store.ts';
import type { RequestContext } from '../../../ports/service.ts';
import { checkedItem } from '../attribute-values.ts';
import type { DynamoContext } from '../dynamodb-context.ts';
import { itemTable } from '../dynamodb-context.ts';
import { partsOf, validationError } from '../engine/item-checks.ts';
import type { Item } from '../engine/item-text.ts';
import { itemOfText, textOfItem } from '../engine/item-text.ts';
import type { KeySchema } from '../engine/key-bytes.ts';
import { partitionBytes } from '../engine/key-bytes.ts';
import type { IndexLayout } from '../engine/table-layout.ts';
import type { DocumentPath } from '../expressions/document-path.ts';
import { valueAt } from '../expressions/document-path.ts';
import type { Projection } from '../expressions/parsed.ts';
import { indexOf, readItems } from '../item-reads.ts';
import { sortRange } from '../sort-range.ts';
import { startKey, startOfQuery } from '../start-keys.ts';
import type { Table } from '../table.ts';
import type { SelectStatement } from './statement.ts';
import type { RangedConditions } from './statement-keys.ts';
import { rangedConditions } from './statement-keys.ts';

export type ReadInput = Pick<
  ExecuteStatementCommandInput,
  'Statement' | 'Parameters' | 'ConsistentRead' | 'Limit' | 'NextToken' | 'ReturnConsumedCapacity'
>;

export async function executeSelect(
  dynamo: DynamoContext,
  statement: SelectStatement,
  input: ReadInput,
  caller: RequestContext,
) {
  const shown = shownBy(statement.paths);
  const table = itemTable(dynamo, statement.table, caller);
  const index = indexOf(table, { IndexName: statement.index, ConsistentRead: input.ConsistentRead });
  const schema = index?.key ?? table.layout.key;
  const ranged = rangedConditions(statement.where, schema);
  const isDescending = orderOf(statement, ranged, schema);
  const start = input.NextToken === undefined ? undefined : startOf(input.NextToken, input);
  const projection = statement.paths && headsOf(statement.paths);
  const answer = await readItems(dynamo, table, index, input, {
    ...rangeOf(table, index, ranged, start),
    isDescending,
    filter: ranged === undefined ? statement.where : ranged.rest,
    projection,
  });
  const { LastEvaluatedKey: last, ConsumedCapacity: capacity } = answer;
  return {
    Items: (answer.Items ?? []).map(shown),
    ...(last === undefined ? {} : { NextToken: tokenOf(last, input), LastEvaluatedKey: last }),
    ...(capacity === undefined ? {} : { ConsumedCapacity: capacity }),
  };
}

function rangeOf(
  table: Table,
  index: IndexLayout | undefined,
  ranged: RangedConditions | undefined,
  start: Item | undefined,
): Parameters<typeof readItems>[4] {
  if (ranged === undefined) {
    return { beyond: start && resumed(() => startKey(table, index, start)), isDescending: false };
  }
  const range = ranged.sort === undefined ? {} : sortRange(ranged.sort);
  const partition = partitionBytes(ranged.partition);
  const beyond = start && resumed(() => startOfQuery(table, index, start, partition, range));
  return { partition, ...range, beyond, isDescending: false };
}

function resumed(key: () => RowKey): RowKey {
  try {
    return key();
  } catch {
    throw invalidToken();
  }
}

/** Whether the order is descending. Only the key has one. */
function orderOf(
  { where, order }: SelectStatement,
  ranged: RangedConditions | undefined,
  schema: KeySchema,
): boolean {
  if (order.length === 0) return false;
  if (where === undefined) {
    throw validationError('Must have WHERE clause in the statement when using ORDER BY clause.');
  }
  if (ranged === undefined) {
    throw validationError(
      'Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.',
    );
  }
  const names = partsOf(schema).map(([{ name }]) => name);
  const foreign = order.find(({ name }) => !names.includes(name));
  if (foreign !== undefined) {
    throw validationError(
      `Variable reference ${foreign.name} in ORDER BY clause must be part of the primary key`,
    );
  }
  return order.some(({ name, isDescending }) => isDescending && name === schema.sort?.name);
}

function headsOf(paths: readonly DocumentPath[]): Projection {
  return [...new Set(paths.map(([head]) => head!))].map((head) => [head]);
}

/** What a path leads to is shown under the last name of the path, with the places in lists after it. */
export function shownBy(paths: readonly DocumentPath[] | undefined): (item: Item) => Item {
  if (paths === undefined) return (item) => item;
  const names = paths.map(nameOf);
  const twice = names.find((name, place) => names.indexOf(name) < place);
  if (twice !== undefined) throw validationError(`Duplicate identifiers in select clause: ${twice}`);
  return (item) =>
    Object.fromEntries(
      paths.flatMap((path, place) => {
        const value = valueAt(item, path);
        return value === undefined ? [] : [[names[place]!, value]];
      }),
    );
}

function nameOf(path: DocumentPath): string {
  const last = path.findLastIndex((part) => typeof part === 'string');
  return [path[last], ...path.slice(last + 1).map((place) => `[${place}]`)].join('');
}

/** Where the statement goes on; good for the same statement only. */
function tokenOf(last: Item, input: ReadInput): string {
  return Buffer.from(JSON.stringify({ last: textOfItem(last), of: digestOf(input) })).toString('base64');
}

function startOf(token: string, input: ReadInput): Item {
  const { last, of } = contentOf(token);
  if (typeof last !== 'string') throw invalidToken();
  if (of !== digestOf(input)) throw validationError('NextToken does not match request');
  try {
    return checkedItem(itemOfText(last));
  } catch {
    throw invalidToken();
  }
}

function contentOf(token: string): { readonly last?: unknown; readonly of?: unknown } {
  try {
    const content: unknown = JSON.parse(Buffer.from(token, 'base64').toString());
    return typeof content === 'object' && content !== null ? content : {};
  } catch {
    return {};
  }
}

function digestOf({ Statement, Parameters }: ReadInput): string {
  return hash('sha256', JSON.stringify([Statement, Parameters]), 'base64');
}

function invalidToken(): Error {
  return validationError('Invalid NextToken');
}
