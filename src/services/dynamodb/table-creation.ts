/** What CreateTable makes of its input. */
import type {
  CreateTableCommandInput,
  GlobalSecondaryIndex,
  LocalSecondaryIndex,
  StreamSpecification,
} from '@aws-sdk/client-dynamodb';
import type { Ids } from '../../core/ids.ts';
import { notImplemented } from './dynamodb-errors.ts';
import { invalidValues, validationError } from './engine/item-checks.ts';
import type { StreamViewType } from './engine/table-layout.ts';
import { newPolicy } from './table-policy.ts';
import type { IndexRecord, StreamRecord, TableAddress, TableRecord, TableStream } from './table-record.ts';
import { checkTableShape } from './table-validation.ts';
import { tagsOf } from './tag-operations.ts';
import { newThroughput } from './throughput-change.ts';

/** Bytes of the number under which rows are kept: as many as fit a number exactly. */
const ROW_ID_BYTES = 6;

/** Shards a stream begins with: one for each partition, and a new on-demand table has four (4,000 writes a second). */
const ON_DEMAND_SLOTS = 4;
/** Source: "Partitions and data distribution": a partition takes 1,000 writes or 3,000 reads a second. */
const PARTITION_UNITS = { read: 3_000, write: 1_000 };

export function newTable(
  input: CreateTableCommandInput,
  address: TableAddress,
  nowMs: number,
  ids: Ids,
): { readonly record: TableRecord; readonly streams: readonly StreamRecord[] } {
  refuseUnwritten(input);
  const billingMode = input.BillingMode ?? 'PROVISIONED';
  checkTableShape({
    attributeDefinitions: input.AttributeDefinitions ?? [],
    keySchema: input.KeySchema ?? [],
    billingMode,
    throughput: input.ProvisionedThroughput,
    localIndexes: input.LocalSecondaryIndexes,
    globalIndexes: input.GlobalSecondaryIndexes,
  });
  const base: TableRecord = {
    ...address,
    id: rowId(ids),
    uuid: ids.uuid(),
    createdMs: nowMs,
    attributeDefinitions: input.AttributeDefinitions ?? [],
    keySchema: input.KeySchema ?? [],
    billingMode,
    ...(billingMode === 'PAY_PER_REQUEST' ? { onDemandSinceMs: nowMs } : {}),
    throughput: newThroughput(input.ProvisionedThroughput),
    indexes: [
      ...(input.LocalSecondaryIndexes ?? []).map((index) => newIndex(index, true, 'ACTIVE', ids)),
      ...(input.GlobalSecondaryIndexes ?? []).map((index) => newIndex(index, false, 'ACTIVE', ids)),
    ],
    isStreaming: false,
    isProtected: input.DeletionProtectionEnabled ?? false,
    ...(input.TableClass === undefined ? {} : { tableClass: input.TableClass }),
    tags: tagsOf(input.Tags ?? []),
    ...(input.ResourcePolicy === undefined ? {} : { policy: newPolicy(input.ResourcePolicy, nowMs, ids) }),
  };
  if (input.StreamSpecification?.StreamEnabled !== true) return { record: base, streams: [] };
  return withStream(base, input.StreamSpecification, nowMs, ids);
}

export function newIndex(
  index: LocalSecondaryIndex | GlobalSecondaryIndex,
  isLocal: boolean,
  status: IndexRecord['status'],
  ids: Ids,
): IndexRecord {
  const given = 'ProvisionedThroughput' in index ? index.ProvisionedThroughput : undefined;
  return {
    id: rowId(ids),
    name: index.IndexName!,
    isLocal,
    keySchema: index.KeySchema!,
    projection: index.Projection!,
    ...(given === undefined ? {} : { throughput: newThroughput(given) }),
    status,
  };
}

/** The table with a new stream, which begins now. */
export function withStream(
  record: TableRecord,
  { StreamViewType: viewType }: StreamSpecification,
  nowMs: number,
  ids: Ids,
): { readonly record: TableRecord; readonly streams: readonly StreamRecord[] } {
  if (viewType === undefined) {
    throw validationError(
      'One or more parameter values were invalid: Stream cannot be enabled without a StreamViewType',
    );
  }
  const stream: TableStream = {
    id: rowId(ids),
    label: new Date(nowMs).toISOString().slice(0, -1),
    viewType: viewType as StreamViewType,
    slots: slotsOf(record),
  };
  const { accountId, region, name, keySchema } = record;
  return {
    record: { ...record, stream, isStreaming: true },
    streams: [{ accountId, region, name, keySchema, ...stream, createdMs: nowMs }],
  };
}

function slotsOf({ billingMode, throughput: { read, write } }: TableRecord): number {
  if (billingMode === 'PAY_PER_REQUEST') return ON_DEMAND_SLOTS;
  return Math.max(1, Math.ceil(read / PARTITION_UNITS.read + write / PARTITION_UNITS.write));
}

export function rowId(ids: Ids): number {
  return Number.parseInt(ids.hex(ROW_ID_BYTES), 16);
}

function refuseUnwritten(input: CreateTableCommandInput): void {
  if (input.SSESpecification?.Enabled === true) throw notImplemented('SSESpecification of DynamoDB tables');
  for (const name of [
    'OnDemandThroughput',
    'WarmThroughput',
    'GlobalTableSourceArn',
    'GlobalTableSettingsReplicationMode',
    'VectorIndexes',
  ] as const) {
    if (input[name] !== undefined) throw notImplemented(`${name} of DynamoDB tables`);
  }
  for (const index of input.GlobalSecondaryIndexes ?? []) refuseIndexSettings(index);
  if (
    input.StreamSpecification?.StreamEnabled === false &&
    input.StreamSpecification.StreamViewType !== undefined
  ) {
    throw invalidValues('StreamViewType should not be specified when StreamEnabled is false');
  }
}

export function refuseIndexSettings(index: GlobalSecondaryIndex): void {
  if (index.OnDemandThroughput !== undefined) throw notImplemented('OnDemandThroughput of DynamoDB indexes');
  if (index.WarmThroughput !== undefined) throw notImplemented('WarmThroughput of DynamoDB indexes');
}
