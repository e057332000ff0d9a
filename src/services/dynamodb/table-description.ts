/** Tables as AWS describes them. */
import type {
  GlobalSecondaryIndexDescription,
  LocalSecondaryIndexDescription,
  ProvisionedThroughputDescription,
  TableDescription,
  TableStatus,
} from '@aws-sdk/client-dynamodb';
import type { Tally } from '../../ports/item-store.ts';
import type { EngineReplies } from './engine/requests.ts';
import type { Table } from './table.ts';
import type { IndexRecord, Throughput } from './table-record.ts';
import { streamArn } from './table-record.ts';

const NOTHING: Tally = { count: 0, sizeBytes: 0 };
const DAY_MS = 86_400_000;
/** Source: "Understanding DynamoDB warm throughput": what an on-demand table begins with. */
const ON_DEMAND_WARM_UNITS = { read: 12_000, write: 4_000 };

export interface Described {
  readonly status: TableStatus;
  readonly tallies: EngineReplies['tally'] | undefined;
  readonly nowMs: number;
}

export function describedTable(table: Table, { status, tallies, nowMs }: Described): TableDescription {
  const { record } = table;
  const { count, sizeBytes } = tallies?.table ?? NOTHING;
  const indexes = record.indexes.map((index) => ({ index, tally: tallyOf(index, tallies) }));
  const local = indexes.filter(({ index }) => index.isLocal);
  const global = indexes.filter(({ index }) => !index.isLocal);
  return {
    AttributeDefinitions: [...record.attributeDefinitions],
    TableName: record.name,
    KeySchema: [...record.keySchema],
    TableStatus: status,
    CreationDateTime: new Date(record.createdMs),
    ProvisionedThroughput: describedThroughput(record.throughput, nowMs),
    TableSizeBytes: sizeBytes,
    ItemCount: count,
    TableArn: table.arn,
    TableId: record.uuid,
    ...billingSummary(table),
    ...(local.length === 0
      ? {}
      : { LocalSecondaryIndexes: local.map(({ index, tally }) => describedLocalIndex(table, index, tally)) }),
    ...(global.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: global.map(({ index, tally }) =>
            describedGlobalIndex(table, index, tally, { status, nowMs }),
          ),
        }),
    ...streamSpecification(table),
    ...(record.tableClass === undefined
      ? {}
      : {
          TableClassSummary: {
            TableClass: record.tableClass,
            ...(record.tableClassChangedMs === undefined
              ? {}
              : { LastUpdateDateTime: new Date(record.tableClassChangedMs) }),
          },
        }),
    DeletionProtectionEnabled: record.isProtected,
  };
}

/** An index is counted when it is full. */
function tallyOf({ name, status }: IndexRecord, tallies: Described['tallies']): Tally {
  return (status === 'ACTIVE' ? tallies?.indexes[name] : undefined) ?? NOTHING;
}

/** What DescribeTable alone tells: recorded that CreateTable does not. */
export function warmThroughput(table: Table): TableDescription['WarmThroughput'] {
  const { read, write } = table.isOnDemand ? ON_DEMAND_WARM_UNITS : table.record.throughput;
  return { ReadUnitsPerSecond: read, WriteUnitsPerSecond: write, Status: 'ACTIVE' };
}

function billingSummary({ record }: Table): Partial<TableDescription> {
  if (record.onDemandSinceMs === undefined) return {};
  return {
    BillingModeSummary: {
      BillingMode: record.billingMode,
      LastUpdateToPayPerRequestDateTime: new Date(record.onDemandSinceMs),
    },
  };
}

function describedThroughput(
  { read, write, increasedMs, decreasesMs = [] }: Throughput,
  nowMs: number,
): ProvisionedThroughputDescription {
  // AWS counts by the day in UTC.
  const today = Math.floor(nowMs / DAY_MS);
  const lastDecreaseMs = decreasesMs.at(-1);
  return {
    ...(increasedMs === undefined ? {} : { LastIncreaseDateTime: new Date(increasedMs) }),
    ...(lastDecreaseMs === undefined ? {} : { LastDecreaseDateTime: new Date(lastDecreaseMs) }),
    NumberOfDecreasesToday: decreasesMs.filter((atMs) => Math.floor(atMs / DAY_MS) === today).length,
    ReadCapacityUnits: read,
    WriteCapacityUnits: write,
  };
}

function describedLocalIndex(table: Table, index: IndexRecord, tally: Tally): LocalSecondaryIndexDescription {
  return {
    IndexName: index.name,
    KeySchema: [...index.keySchema],
    Projection: index.projection,
    IndexSizeBytes: tally.sizeBytes,
    ItemCount: tally.count,
    IndexArn: `${table.arn}/index/${index.name}`,
  };
}

function describedGlobalIndex(
  table: Table,
  index: IndexRecord,
  tally: Tally,
  { status, nowMs }: { readonly status: TableStatus; readonly nowMs: number },
): GlobalSecondaryIndexDescription {
  const indexStatus = index.status === 'ACTIVE' && status === 'CREATING' ? 'CREATING' : index.status;
  return {
    IndexName: index.name,
    KeySchema: [...index.keySchema],
    Projection: index.projection,
    IndexStatus: indexStatus,
    ...(index.status === 'CREATING' ? { Backfilling: true } : {}),
    ProvisionedThroughput: describedThroughput(index.throughput ?? { read: 0, write: 0 }, nowMs),
    IndexSizeBytes: tally.sizeBytes,
    ItemCount: tally.count,
    IndexArn: `${table.arn}/index/${index.name}`,
  };
}

function streamSpecification({ record }: Table): Partial<TableDescription> {
  const { stream, isStreaming } = record;
  if (stream === undefined) return {};
  return {
    ...(isStreaming ? { StreamSpecification: { StreamEnabled: true, StreamViewType: stream.viewType } } : {}),
    LatestStreamLabel: stream.label,
    LatestStreamArn: streamArn({ ...record, label: stream.label }),
  };
}
