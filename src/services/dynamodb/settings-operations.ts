/** TTL, limits and endpoints. */
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { namedTable } from './dynamodb-context.ts';
import { validationError } from './engine/item-checks.ts';
import type { Table } from './table.ts';

/** Source: API reference of UpdateTimeToLive: another change within the hour is refused. */
const TTL_CHANGE_MS = 3_600_000;
/** Source: "Quotas in Amazon DynamoDB", for most regions. */
const ACCOUNT_UNITS = 80_000;
const TABLE_UNITS = 40_000;
const ENDPOINT_CACHE_MINUTES = 1440;

type SettingsOperations =
  | 'UpdateTimeToLive'
  | 'DescribeTimeToLive'
  | 'DescribeLimits'
  | 'DescribeEndpoints'
  | 'DescribeContinuousBackups';

export function settingsOperations(
  dynamo: DynamoContext,
): Required<Pick<DynamoOperations, SettingsOperations>> {
  const { tables, clock, work } = dynamo;
  return {
    async UpdateTimeToLive({ TableName, TimeToLiveSpecification: given }, caller) {
      const address = namedTable(dynamo, TableName, caller).record;
      const { Enabled: enabled, AttributeName: name } = given!;
      await tables.inTurn(address, async () => {
        const { record } = namedTable(dynamo, TableName, caller);
        const nowMs = clock.now();
        checkTtlChange(record, enabled!, name!, nowMs);
        const { ttlAttribute: _, ...rest } = record;
        const table = await tables.save({
          ...rest,
          ttlChangedMs: nowMs,
          redatingSinceMs: nowMs,
          ...(enabled === true ? { ttlAttribute: name! } : {}),
        });
        work.redate(table);
      });
      return { TimeToLiveSpecification: { Enabled: enabled!, AttributeName: name! } };
    },

    async DescribeTimeToLive({ TableName }, caller) {
      const { ttlAttribute } = namedTable(dynamo, TableName, caller).record;
      return {
        TimeToLiveDescription:
          ttlAttribute === undefined
            ? { TimeToLiveStatus: 'DISABLED' }
            : { TimeToLiveStatus: 'ENABLED', AttributeName: ttlAttribute },
      };
    },

    async DescribeLimits() {
      return {
        AccountMaxReadCapacityUnits: ACCOUNT_UNITS,
        AccountMaxWriteCapacityUnits: ACCOUNT_UNITS,
        TableMaxReadCapacityUnits: TABLE_UNITS,
        TableMaxWriteCapacityUnits: TABLE_UNITS,
      };
    },

    async DescribeEndpoints(_input, caller) {
      const { host } = new URL(caller.origin);
      return { Endpoints: [{ Address: host, CachePeriodInMinutes: ENDPOINT_CACHE_MINUTES }] };
    },

    /** Backups are not made here, and that is what it tells. */
    async DescribeContinuousBackups({ TableName }, caller) {
      namedTable(dynamo, TableName, caller);
      return {
        ContinuousBackupsDescription: {
          ContinuousBackupsStatus: 'DISABLED',
          PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
        },
      };
    },
  };
}

function checkTtlChange(
  { ttlAttribute, ttlChangedMs }: Table['record'],
  enabled: boolean,
  name: string,
  nowMs: number,
): void {
  if (enabled && ttlAttribute !== undefined) {
    throw validationError(
      ttlAttribute === name
        ? 'TimeToLive is already enabled'
        : `TimeToLive is active on a different AttributeName: current AttributeName is ${ttlAttribute}`,
    );
  }
  if (!enabled && ttlAttribute === undefined) throw validationError('TimeToLive is already disabled');
  if (!enabled && ttlAttribute !== name) {
    throw validationError(
      `TimeToLive is active on a different AttributeName: current AttributeName is ${ttlAttribute}`,
    );
  }
  if (ttlChangedMs !== undefined && nowMs < ttlChangedMs + TTL_CHANGE_MS) {
    throw validationError('Time to live has been modified multiple times within a fixed interval');
  }
}
