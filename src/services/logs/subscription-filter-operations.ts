import { parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import { compileFilterPattern } from './filter-pattern/filter-pattern.ts';
import type { LogGroupRecord } from './groups.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { namedPage } from './named-page.ts';
import { requestedGroup } from './names.ts';
import { filterNotFound, invalid } from './subscription-errors.ts';
import type { SubscriptionRecord } from './subscription-record.ts';

type FilterOperations = 'PutSubscriptionFilter' | 'DescribeSubscriptionFilters' | 'DeleteSubscriptionFilter';

export function subscriptionFilterOperations(
  logs: LogsContext,
): Required<Pick<LogsOperations, FilterOperations>> {
  const { groups, subscriptions, subscriptionDelivery, clock, log } = logs;
  return {
    async PutSubscriptionFilter(input, context) {
      const group = groups.get(context, input.logGroupName!);
      const { filterName: name, filterPattern: pattern, destinationArn, roleArn } = input;
      checkKind(group, input);
      compileFilterPattern(pattern);
      checkRole(destinationArn!, roleArn);
      subscriptions.checkLimit(group, name!);
      await subscriptionDelivery.check(group, destinationArn!, roleArn);
      if (isOwnLog(group, destinationArn!)) {
        const about = { logGroup: group.name, function: destinationArn };
        log.warn(about, 'A function is subscribed to its own log: whatever it writes invokes it again.');
      }
      await subscriptions.put(group, {
        groupId: group.id,
        name: name!,
        pattern: pattern!,
        destinationArn: destinationArn!,
        ...(roleArn === undefined ? {} : { roleArn }),
        distribution: input.distribution ?? 'ByLogStream',
        applyOnTransformedLogs: input.applyOnTransformedLogs ?? false,
        createdMs: subscriptions.find(group, name!)?.createdMs ?? clock.now(),
      });
      return {};
    },

    async DescribeSubscriptionFilters(input, context) {
      const group = groups.get(context, input.logGroupName!);
      const { page, nextToken } = namedPage(subscriptions.list(group), input, input.filterNamePrefix);
      return { subscriptionFilters: page.map((filter) => described(group, filter)), ...nextToken };
    },

    async DeleteSubscriptionFilter(input, context) {
      const group = requestedGroup(groups, context, input);
      const filter = subscriptions.find(group, input.filterName!);
      if (filter === undefined) throw filterNotFound();
      await subscriptions.remove(filter);
      return {};
    },
  };
}

function described(group: LogGroupRecord, filter: SubscriptionRecord) {
  return {
    filterName: filter.name,
    logGroupName: group.name,
    filterPattern: filter.pattern,
    destinationArn: filter.destinationArn,
    ...(filter.roleArn === undefined ? {} : { roleArn: filter.roleArn }),
    distribution: filter.distribution,
    applyOnTransformedLogs: filter.applyOnTransformedLogs,
    creationTime: filter.createdMs,
  };
}

const FIELD_MEMBERS = ['fieldSelectionCriteria', 'emitSystemFields'];

function checkKind(group: LogGroupRecord, input: object): void {
  const asked = FIELD_MEMBERS.find((member) => member in input);
  if (asked !== undefined) {
    throw new AwsError(
      'NotImplemented',
      `logs:PutSubscriptionFilter does not implement ${asked} yet.`,
      {},
      501,
    );
  }
  // The user guide has subscriptions for the Standard class alone; the words are not AWS's.
  if (group.logGroupClass !== 'STANDARD') {
    throw new AwsError(
      'InvalidOperationException',
      `Subscription filters are not supported for log groups of the class ${group.logGroupClass}.`,
    );
  }
}

function checkRole(destinationArn: string, roleArn: string | undefined): void {
  const vendor = parseArn(destinationArn)?.service ?? '';
  if (vendor === 'lambda' && roleArn !== undefined) {
    throw invalid('destinationArn for vendor lambda cannot be used with roleArn');
  }
  if ((vendor === 'kinesis' || vendor === 'firehose') && roleArn === undefined) {
    throw invalid(`destinationArn for vendor ${vendor} cannot be used without roleArn`);
  }
}

/**
 * AWS lets that be, and recommends against it (user guide, "Log recursion prevention"): what the function logs of
 * its invocation is delivered to it.
 */
function isOwnLog(group: LogGroupRecord, destinationArn: string): boolean {
  const arn = parseArn(destinationArn);
  const [, name] = arn?.resource.split(':') ?? [];
  return arn?.service === 'lambda' && group.name === `/aws/lambda/${name}`;
}
