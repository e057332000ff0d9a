/** TTL, resource policies, limits and endpoints. */
import { AwsError } from '../../core/errors.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { namedTable } from './dynamodb-context.ts';
import { notImplemented } from './dynamodb-errors.ts';
import { validationError } from './engine/item-checks.ts';
import type { Table } from './table.ts';

/** Source: API reference of UpdateTimeToLive: another change within the hour is refused. */
const TTL_CHANGE_MS = 3_600_000;
/** Source: "Quotas in Amazon DynamoDB", for most regions. */
const ACCOUNT_UNITS = 80_000;
const TABLE_UNITS = 40_000;
const ENDPOINT_CACHE_MINUTES = 1440;
const TABLE_ARN = /^arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):(\d{12}):table\/([^/]+)$/;

type SettingsOperations =
  | 'UpdateTimeToLive'
  | 'DescribeTimeToLive'
  | 'DescribeLimits'
  | 'DescribeEndpoints'
  | 'PutResourcePolicy'
  | 'GetResourcePolicy'
  | 'DeleteResourcePolicy'
  | 'DescribeContinuousBackups';

export function settingsOperations(
  dynamo: DynamoContext,
): Required<Pick<DynamoOperations, SettingsOperations>> {
  const { tables, clock, work, ttl, ids } = dynamo;
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
          ...(enabled === true ? { ttlAttribute: name! } : {}),
        });
        work.redate(table, nowMs, () => {
          if (enabled === true) ttl.expect(table, nowMs / 1000);
        });
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

    async PutResourcePolicy({ ResourceArn, Policy, ExpectedRevisionId: expected }, caller) {
      const { record } = tableOfArn(dynamo, ResourceArn, caller);
      checkPolicy(Policy!);
      const revision = String(clock.now()) + ids.hex(4);
      await tables.inTurn(record, async () => {
        const table = tableOfArn(dynamo, ResourceArn, caller);
        checkRevision(table, expected);
        await tables.save({ ...table.record, policy: { text: Policy!, revision } });
      });
      return { RevisionId: revision };
    },

    async GetResourcePolicy({ ResourceArn }, caller) {
      const { policy } = tableOfArn(dynamo, ResourceArn, caller).record;
      if (policy === undefined) throw noPolicy(ResourceArn!);
      return { Policy: policy.text, RevisionId: policy.revision };
    },

    async DeleteResourcePolicy({ ResourceArn, ExpectedRevisionId: expected }, caller) {
      const { record } = tableOfArn(dynamo, ResourceArn, caller);
      return tables.inTurn(record, async () => {
        const table = tableOfArn(dynamo, ResourceArn, caller);
        if (table.record.policy === undefined && expected === undefined) return {};
        checkRevision(table, expected);
        const { policy, ...rest } = table.record;
        await tables.save(rest);
        return policy === undefined ? {} : { RevisionId: policy.revision };
      });
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

function tableOfArn({ tables }: DynamoContext, arn: string | undefined, _caller: RequestContext): Table {
  if (arn?.includes('/stream/') === true) throw notImplemented('resource policies of DynamoDB streams');
  const [, region, accountId, name] = TABLE_ARN.exec(arn ?? '') ?? [];
  if (region === undefined) throw validationError(`Invalid ResourceArn: ${arn}`);
  const table = tables.find({ region, accountId: accountId!, name: name! });
  if (table === undefined) {
    throw new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
  }
  return table;
}

function checkPolicy(text: string): void {
  try {
    parsePolicy(text);
  } catch (error) {
    throw validationError(`Resource-based policy document is not valid: ${(error as Error).message}`);
  }
}

/** `NO_POLICY` stands for none. */
function checkRevision({ record: { policy } }: Table, expected: string | undefined): void {
  if (expected === undefined || expected === (policy?.revision ?? 'NO_POLICY')) return;
  throw new AwsError(
    'PolicyNotFoundException',
    'The provided ExpectedRevisionId does not match the current RevisionId of the resource-based policy',
  );
}

function noPolicy(arn: string): AwsError {
  return new AwsError(
    'PolicyNotFoundException',
    `Resource-based policy not found for the provided ResourceArn: ${arn}`,
  );
}
