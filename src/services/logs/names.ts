import { AwsError } from '../../core/errors.ts';
import type { GroupScope, Groups, LogGroupRecord } from './groups.ts';
import { groupNotFound } from './groups.ts';

/** The ARN as DescribeLogGroups gives it in `logGroupArn` and as tagging takes it. */
export function groupArn(group: Pick<LogGroupRecord, 'accountId' | 'region' | 'name'>): string {
  return `arn:aws:logs:${group.region}:${group.accountId}:log-group:${group.name}`;
}

export function streamArn(group: LogGroupRecord, stream: string): string {
  return `${groupArn(group)}:log-stream:${stream}`;
}

const GROUP_ARN = /^arn:[^:]+:logs:([^:]*):([^:]*):log-group:([^:]+)(?::\*)?$/;

/** A group by name or ARN (with or without `:*`), which must lie in the caller's account and region. */
export function groupByIdentifier(groups: Groups, scope: GroupScope, identifier: string): LogGroupRecord {
  if (!identifier.startsWith('arn:')) return groups.get(scope, identifier);
  const [, region, accountId, name] = GROUP_ARN.exec(identifier) ?? [];
  if (name === undefined) {
    throw new AwsError('InvalidParameterException', `The ARN ${identifier} is not the ARN of a log group.`);
  }
  if (region !== scope.region || accountId !== scope.accountId) throw groupNotFound();
  return groups.get(scope, name);
}

/** For operations that take either `logGroupName` or `logGroupIdentifier`. */
export function requestedGroup(
  groups: Groups,
  scope: GroupScope,
  input: { readonly logGroupName?: string | undefined; readonly logGroupIdentifier?: string | undefined },
): LogGroupRecord {
  const { logGroupName, logGroupIdentifier } = input;
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    throw new AwsError(
      'ValidationException',
      'LogGroup name and LogGroup ARN are mutually exclusive parameters.',
    );
  }
  if (logGroupIdentifier !== undefined) return groupByIdentifier(groups, scope, logGroupIdentifier);
  if (logGroupName !== undefined) return groups.get(scope, logGroupName);
  throw new AwsError('InvalidParameterException', 'LogGroup name or LogGroup ARN must be specified.');
}

const MAX_NAME_LENGTH = 512;

/** AWS checks these two after the constraints of its model, in its own words. */
export function checkNameLength(name: string): void {
  if (name.length > MAX_NAME_LENGTH) {
    throw new AwsError(
      'InvalidParameterException',
      `Invalid LogGroup or LogStream, both must have length less than or equal to ${MAX_NAME_LENGTH}.`,
    );
  }
}
