/** What UpdateTable makes of a table. */
import type {
  CreateGlobalSecondaryIndexAction,
  GlobalSecondaryIndexUpdate,
  UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Ids } from '../../core/ids.ts';
import { limitExceeded, notImplemented, tableInUse, tableNotFound } from './dynamodb-errors.ts';
import { invalidValues, validationError } from './engine/item-checks.ts';
import type { Table } from './table.ts';
import { newIndex, refuseIndexSettings, withStream } from './table-creation.ts';
import type { IndexRecord, StreamRecord, TableRecord } from './table-record.ts';
import { streamArn } from './table-record.ts';
import { checkGlobalIndex, MAX_GLOBAL_INDEXES } from './table-validation.ts';
import type { Tables } from './tables.ts';
import { changedThroughput, newThroughput } from './throughput-change.ts';

interface Surroundings {
  readonly nowMs: number;
  readonly ids: Ids;
  readonly tables: Tables;
}

export interface ChangedTable {
  readonly record: TableRecord;
  readonly streams: readonly StreamRecord[];
  /** The stream that takes no more records. */
  readonly endedStream?: number;
}

export function changedTable(
  table: Table,
  input: UpdateTableCommandInput,
  around: Surroundings,
): ChangedTable {
  refuseUnwritten(input);
  checkNotEmpty(input);
  if (table.record.indexes.some(({ status }) => status !== 'ACTIVE')) {
    throw tableInUse(
      `Attempt to change a resource which is still in use: Table is being updated: ${table.record.name}`,
    );
  }
  let record = withDefinitions(table.record, input);
  record = withBilling(record, input, around.nowMs);
  for (const update of input.GlobalSecondaryIndexUpdates ?? []) record = withIndex(record, update, around);
  if (input.TableClass !== undefined && input.TableClass !== record.tableClass) {
    record = { ...record, tableClass: input.TableClass, tableClassChangedMs: around.nowMs };
  }
  if (input.DeletionProtectionEnabled !== undefined) {
    record = { ...record, isProtected: input.DeletionProtectionEnabled };
  }
  return withStreaming(record, input, around);
}

function refuseUnwritten(input: UpdateTableCommandInput): void {
  if (input.SSESpecification?.Enabled === true) throw notImplemented('SSESpecification of DynamoDB tables');
  for (const name of [
    'ReplicaUpdates',
    'OnDemandThroughput',
    'WarmThroughput',
    'MultiRegionConsistency',
    'GlobalTableWitnessUpdates',
    'GlobalTableSettingsReplicationMode',
    'DisassociationProtectionEnabled',
    'VectorIndexUpdates',
  ] as const) {
    if (input[name] !== undefined) throw notImplemented(`${name} of DynamoDB tables`);
  }
  for (const { Create: index } of input.GlobalSecondaryIndexUpdates ?? []) {
    if (index !== undefined) refuseIndexSettings(index);
  }
}

function checkNotEmpty({
  TableName: _,
  AttributeDefinitions: __,
  ...changes
}: UpdateTableCommandInput): void {
  if (Object.values(changes).some((change) => change !== undefined)) return;
  throw invalidValues(
    'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required',
  );
}

/** New indexes may have keys that were not defined before; what no index uses any more stays. */
function withDefinitions(
  record: TableRecord,
  { AttributeDefinitions: given }: UpdateTableCommandInput,
): TableRecord {
  if (given === undefined) return record;
  const names = new Set(given.map(({ AttributeName }) => AttributeName));
  const kept = record.attributeDefinitions.filter(({ AttributeName }) => !names.has(AttributeName));
  return { ...record, attributeDefinitions: [...kept, ...given] };
}

function withBilling(record: TableRecord, input: UpdateTableCommandInput, nowMs: number): TableRecord {
  const { BillingMode: mode = record.billingMode, ProvisionedThroughput: given } = input;
  if (mode === 'PAY_PER_REQUEST') {
    if (given !== undefined) {
      throw invalidValues(
        'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
      );
    }
    if (record.billingMode === mode) return record;
    return {
      ...record,
      billingMode: mode,
      onDemandSinceMs: nowMs,
      throughput: { read: 0, write: 0 },
      indexes: record.indexes.map(({ throughput: _, ...index }) => index),
    };
  }
  if (record.billingMode === mode) {
    if (given === undefined) return record;
    return { ...record, throughput: changedThroughput(record.throughput, given, nowMs) };
  }
  if (given === undefined) {
    throw invalidValues('ProvisionedThroughput must be specified when BillingMode is PROVISIONED');
  }
  const updated = new Set(input.GlobalSecondaryIndexUpdates?.map(({ Update }) => Update?.IndexName));
  const missing = record.indexes.filter(({ isLocal, name }) => !isLocal && !updated.has(name));
  if (missing.length > 0) {
    throw invalidValues(
      `ProvisionedThroughput must be specified for index: ${missing.map(({ name }) => name).join(',')}`,
    );
  }
  return { ...record, billingMode: mode, throughput: newThroughput(given) };
}

function withIndex(
  record: TableRecord,
  change: GlobalSecondaryIndexUpdate,
  around: Surroundings,
): TableRecord {
  const { Create: created, Update: updated, Delete: deleted } = change;
  const kinds = [created, updated, deleted].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) {
    throw invalidValues(
      'One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null',
    );
  }
  if (created !== undefined) return withNewIndex(record, created, around);
  const name = (updated ?? deleted)!.IndexName!;
  const index = record.indexes.find((found) => found.name === name && !found.isLocal);
  if (index === undefined) throw tableNotFound({ name: `${record.name}, index: ${name}` });
  if (deleted !== undefined) {
    checkOneOnline(record);
    return withIndexes(record, index, { ...index, status: 'DELETING' });
  }
  const given = updated!.ProvisionedThroughput;
  if (given === undefined) throw notImplemented('settings of DynamoDB indexes other than their throughput');
  const throughput =
    index.throughput === undefined
      ? newThroughput(given)
      : changedThroughput(index.throughput, given, around.nowMs);
  return withIndexes(record, index, { ...index, throughput });
}

function withNewIndex(
  record: TableRecord,
  created: CreateGlobalSecondaryIndexAction,
  { ids }: Surroundings,
): TableRecord {
  const { attributeDefinitions, billingMode, indexes } = record;
  const index = {
    IndexName: created.IndexName,
    KeySchema: created.KeySchema,
    Projection: created.Projection,
    ...(created.ProvisionedThroughput === undefined
      ? {}
      : { ProvisionedThroughput: created.ProvisionedThroughput }),
  };
  checkGlobalIndex({ attributeDefinitions, billingMode }, index, new Set(indexes.map(({ name }) => name)));
  checkOneOnline(record);
  if (indexes.filter(({ isLocal }) => !isLocal).length >= MAX_GLOBAL_INDEXES) {
    throw limitExceeded(
      `Subscriber limit exceeded: GlobalSecondaryIndex count exceeds the per-table limit of ${MAX_GLOBAL_INDEXES}`,
    );
  }
  return { ...record, indexes: [...indexes, newIndex(index, false, 'CREATING', ids)] };
}

function checkOneOnline({ indexes }: TableRecord): void {
  if (indexes.every(({ status }) => status === 'ACTIVE')) return;
  throw limitExceeded(
    'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
  );
}

function withIndexes(record: TableRecord, before: IndexRecord, after: IndexRecord): TableRecord {
  return { ...record, indexes: record.indexes.map((index) => (index === before ? after : index)) };
}

function withStreaming(
  record: TableRecord,
  input: UpdateTableCommandInput,
  around: Surroundings,
): ChangedTable {
  const { StreamSpecification: given } = input;
  if (given === undefined) return { record, streams: [] };
  if (given.StreamEnabled === true) {
    if (record.isStreaming) {
      throw validationError(`Table already has an enabled stream: TableName: ${record.name}`);
    }
    return withStream(record, given, around.nowMs, around.ids);
  }
  if (!record.isStreaming || record.stream === undefined) {
    throw validationError(`Table is already disabled for streams: TableName: ${record.name}`);
  }
  const stream = around.tables.stream(streamArn({ ...record, label: record.stream.label }));
  return {
    record: { ...record, isStreaming: false },
    streams: stream === undefined ? [] : [{ ...stream, disabledMs: around.nowMs }],
    endedStream: record.stream.id,
  };
}
