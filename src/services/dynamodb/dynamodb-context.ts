import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import { resourceNotFound, tableNotFound } from './dynamodb-errors.ts';
import { validationError } from './engine/item-checks.ts';
import type { EngineClient } from './item-engine.ts';
import type { StreamSignals } from './streams/stream-signals.ts';
import type { Table } from './table.ts';
import type { TableAddress } from './table-record.ts';
import type { TableWork } from './table-work.ts';
import type { Tables } from './tables.ts';
import type { ThroughputBuckets } from './throughput-buckets.ts';
import type { TimeToLive } from './time-to-live.ts';

/** What the operations share. */
export interface DynamoContext {
  readonly tables: Tables;
  readonly engine: EngineClient;
  readonly buckets: ThroughputBuckets;
  readonly ttl: TimeToLive;
  readonly work: TableWork;
  readonly signals: StreamSignals;
  readonly clock: WorkClock;
  readonly ids: Ids;
}

export type DynamoOperations = Operations<typeof import('@aws-sdk/client-dynamodb')>;

/** Source: API reference: a table is named by its name or its ARN. */
const TABLE_ARN = /^arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):(\d{12}):table\/([a-zA-Z0-9_.-]+)$/;
const TABLE_NAME = /^[a-zA-Z0-9_.-]+$/;
const MIN_NAME_LENGTH = 3;
const MAX_NAME_LENGTH = 255;

/** Throws `ValidationException` for what names no table. */
export function addressOf(name: string | undefined, { accountId, region }: RequestContext): TableAddress {
  if (name === undefined) {
    throw validationError("The parameter 'TableName' is required but was not present in the request");
  }
  const named = addressOfArn(name);
  if (named !== undefined) return named;
  if (name.length < MIN_NAME_LENGTH || name.length > MAX_NAME_LENGTH) {
    throw validationError(
      `TableName must be at least ${MIN_NAME_LENGTH} characters long and at most ${MAX_NAME_LENGTH} characters long`,
    );
  }
  if (!TABLE_NAME.test(name)) {
    throw validationError(
      `1 validation error detected: Value '${name}' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
    );
  }
  return { accountId, region, name };
}

/** Undefined for what is no ARN of a table. */
export function addressOfArn(arn: string): TableAddress | undefined {
  const [, region, accountId, name] = TABLE_ARN.exec(arn) ?? [];
  return region === undefined ? undefined : { region, accountId: accountId!, name: name! };
}

/** The table whose items a call is for. Throws `ResourceNotFoundException`. */
export function itemTable(
  { tables }: DynamoContext,
  name: string | undefined,
  caller: RequestContext,
): Table {
  const table = tables.find(addressOf(name, caller));
  if (table === undefined) throw resourceNotFound();
  return table;
}

/** The table that a call is about. Throws `ResourceNotFoundException`, which names it. */
export function namedTable(
  { tables }: DynamoContext,
  name: string | undefined,
  caller: RequestContext,
): Table {
  const address = addressOf(name, caller);
  const table = tables.find(address);
  if (table === undefined) throw tableNotFound(address);
  return table;
}
