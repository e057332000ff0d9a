import { AwsError } from '../../core/errors.ts';
import type { LogGroupRecord } from './groups.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { checkNameLength, groupArn, groupByIdentifier } from './names.ts';
import { decodeListToken, encodeListToken, invalidToken } from './page-token.ts';

/** Groups a page of DescribeLogGroups has unless asked otherwise; also the most. */
const DEFAULT_PAGE_GROUPS = 50;
/** The values PutRetentionPolicy takes, from its API reference. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

type GroupOperations =
  | 'CreateLogGroup'
  | 'DeleteLogGroup'
  | 'DescribeLogGroups'
  | 'PutRetentionPolicy'
  | 'DeleteRetentionPolicy'
  | 'PutLogGroupDeletionProtection';

export function groupOperations({
  groups,
  store,
  buffer,
  subscriptions,
}: LogsContext): Required<Pick<LogsOperations, GroupOperations>> {
  return {
    async CreateLogGroup(input, context) {
      const name = input.logGroupName!;
      checkNameLength(name);
      if (/^aws\//i.test(name)) {
        throw new AwsError(
          'InvalidParameterException',
          'Log groups starting with AWS/ are reserved for AWS.',
        );
      }
      await groups.create(context, name, {
        logGroupClass: input.logGroupClass ?? 'STANDARD',
        tags: input.tags ?? {},
        deletionProtected: input.deletionProtectionEnabled ?? false,
        ...(input.kmsKeyId === undefined ? {} : { kmsKeyId: input.kmsKeyId }),
      });
      return {};
    },

    async DeleteLogGroup(input, context) {
      const group = groups.get(context, input.logGroupName!);
      if (group.deletionProtected) {
        throw new AwsError(
          'ValidationException',
          'The log group cannot be deleted because deletion protection is enabled.',
        );
      }
      await subscriptions.removeAll(group);
      buffer.discard(group.id);
      await groups.delete(group, () => store.deleteGroup(group.id));
      return {};
    },

    async DescribeLogGroups(input, context) {
      const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern } = input;
      if (prefix !== undefined && pattern !== undefined) {
        throw new AwsError(
          'InvalidParameterException',
          'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
        );
      }
      const after = input.nextToken === undefined ? undefined : nameInToken(input.nextToken);
      const identified = input.logGroupIdentifiers?.map((id) => groupByIdentifier(groups, context, id).name);
      const matching = groups
        .list(context)
        .filter(
          ({ name, logGroupClass }) =>
            (after === undefined || name > after) &&
            (prefix === undefined || name.startsWith(prefix)) &&
            (pattern === undefined || name.includes(pattern)) &&
            (identified === undefined || identified.includes(name)) &&
            (input.logGroupClass === undefined || logGroupClass === input.logGroupClass),
        );
      const page = matching.slice(0, input.limit ?? DEFAULT_PAGE_GROUPS);
      const sizes = new Map((await store.listGroups()).map(({ group, storedBytes }) => [group, storedBytes]));
      return {
        logGroups: page.map((group) => describe(group, sizes.get(group.id) ?? 0)),
        ...(page.length < matching.length ? { nextToken: encodeListToken({ name: page.at(-1)!.name }) } : {}),
      };
    },

    async PutRetentionPolicy(input, context) {
      const group = groups.get(context, input.logGroupName!);
      const days = input.retentionInDays!;
      if (!RETENTION_DAYS.includes(days)) {
        throw new AwsError(
          'InvalidParameterException',
          `1 validation error detected: Value '${days}' at 'retentionInDays' failed to satisfy constraint: ` +
            `Member must satisfy enum value set: [${RETENTION_DAYS.join(', ')}]`,
        );
      }
      await groups.update({ ...group, retentionDays: days });
      return {};
    },

    async DeleteRetentionPolicy(input, context) {
      const { retentionDays: _, ...group } = groups.get(context, input.logGroupName!);
      await groups.update(group);
      return {};
    },

    async PutLogGroupDeletionProtection(input, context) {
      const group = groupByIdentifier(groups, context, input.logGroupIdentifier!);
      await groups.update({ ...group, deletionProtected: input.deletionProtectionEnabled! });
      return {};
    },
  };
}

function describe(group: LogGroupRecord, storedBytes: number) {
  return {
    logGroupName: group.name,
    creationTime: group.createdMs,
    ...(group.retentionDays === undefined ? {} : { retentionInDays: group.retentionDays }),
    metricFilterCount: 0,
    arn: `${groupArn(group)}:*`,
    storedBytes,
    ...(group.kmsKeyId === undefined ? {} : { kmsKeyId: group.kmsKeyId }),
    logGroupClass: group.logGroupClass,
    logGroupArn: groupArn(group),
    deletionProtectionEnabled: group.deletionProtected,
  };
}

function nameInToken(token: string): string {
  const { name } = decodeListToken(token);
  if (typeof name !== 'string') throw invalidToken();
  return name;
}
