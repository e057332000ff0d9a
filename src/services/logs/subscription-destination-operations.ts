import { parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { GroupScope } from './groups.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { namedPage } from './named-page.ts';
import type { DestinationRecord } from './subscription-destinations.ts';
import { destinationArn } from './subscription-destinations.ts';
import { invalid } from './subscription-errors.ts';

type DestinationOperations =
  | 'PutDestination'
  | 'PutDestinationPolicy'
  | 'DescribeDestinations'
  | 'DeleteDestination';

export function subscriptionDestinationOperations({
  destinations,
  clock,
}: LogsContext): Required<Pick<LogsOperations, DestinationOperations>> {
  const existing = (scope: GroupScope, name: string): DestinationRecord => {
    const record = destinations.find(scope, name);
    if (record !== undefined) return record;
    throw new AwsError('ResourceNotFoundException', 'The specified destination does not exist.');
  };
  return {
    async PutDestination(input, context) {
      const { accountId, region } = context;
      const name = input.destinationName!;
      const before = destinations.find(context, name);
      if (input.tags !== undefined) {
        throw new AwsError('NotImplemented', 'logs:PutDestination does not implement tags yet.', {}, 501);
      }
      checkTarget(input.targetArn!);
      const record: DestinationRecord = {
        ...before,
        accountId,
        region,
        name,
        targetArn: input.targetArn!,
        roleArn: input.roleArn!,
        createdMs: before?.createdMs ?? clock.now(),
      };
      await destinations.save(record);
      return { destination: described(record) };
    },

    async PutDestinationPolicy(input, context) {
      const record = existing(context, input.destinationName!);
      checkPolicy(input.accessPolicy!);
      await destinations.save({ ...record, accessPolicy: input.accessPolicy! });
      return {};
    },

    async DescribeDestinations(input, context) {
      const all = destinations.list(context);
      const { page, nextToken } = namedPage(all, input, input.DestinationNamePrefix);
      return { destinations: page.map(described), ...nextToken };
    },

    async DeleteDestination(input, context) {
      await destinations.remove(existing(context, input.destinationName!));
      return {};
    },
  };
}

function described(record: DestinationRecord) {
  return {
    destinationName: record.name,
    targetArn: record.targetArn,
    roleArn: record.roleArn,
    ...(record.accessPolicy === undefined ? {} : { accessPolicy: record.accessPolicy }),
    arn: destinationArn(record),
    creationTime: record.createdMs,
  };
}

/** Throws unless it is a stream of Kinesis or Firehose. */
function checkTarget(targetArn: string): void {
  const vendor = parseArn(targetArn)?.service ?? '';
  if (vendor !== 'kinesis' && vendor !== 'firehose') {
    throw invalid(`PutDestination operation cannot work with targetArn for vendor ${vendor}`);
  }
}

function checkPolicy(text: string): void {
  try {
    parsePolicy(text);
  } catch {
    throw invalid('Access policy is not a valid policy document.');
  }
}
