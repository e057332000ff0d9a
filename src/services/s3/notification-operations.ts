import { AwsError } from '../../core/errors.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import { policyAllowsService } from '../../core/policy/service-access.ts';
import type { Call } from '../../ports/call.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { BucketRecord } from './bucket-record.ts';
import { bucketArn } from './bucket-record.ts';
import type { NotificationRule } from './notification-rules.ts';
import { configurationOf, notificationsOf } from './notification-rules.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';

export interface Destinations {
  readonly deliver: Deliver;
  readonly call: Call;
}

const PRINCIPAL = 's3.amazonaws.com';

export function notificationOperations(
  s3: S3Context,
  destinations: Destinations,
): Required<Pick<S3Operations, 'PutBucketNotificationConfiguration' | 'GetBucketNotificationConfiguration'>> {
  return {
    async PutBucketNotificationConfiguration(input, caller) {
      const bucket = bucketOf(s3, input);
      const notifications = notificationsOf(input.NotificationConfiguration ?? {}, s3.ids);
      // Whoever has no buses cannot be told.
      if (notifications.toEventBridge)
        await destinations.call(bucket, 'events', 'DescribeEventBus', { Name: 'default' });
      if (input.SkipDestinationValidation !== true)
        await validate(s3, bucket, notifications.rules, destinations, caller);
      await s3.buckets.change(bucket.name, () => ({ ...s3.buckets.get(bucket.name), notifications }));
      return {};
    },

    async GetBucketNotificationConfiguration(input) {
      return configurationOf(bucketOf(s3, input).notifications);
    },
  };
}

/** Queues and topics get a test event, functions are asked for their policy; all that fail are told. */
async function validate(
  s3: S3Context,
  bucket: BucketRecord,
  rules: readonly NotificationRule[],
  destinations: Destinations,
  caller: RequestContext,
): Promise<void> {
  const failed: Record<string, string> = {};
  const known = new Set(bucket.notifications?.rules.map(({ arn }) => arn));
  for (const rule of rules) {
    const problem =
      rule.kind === 'CloudFunction'
        ? await functionProblem(bucket, rule.arn, destinations.call)
        : known.has(rule.arn)
          ? undefined
          : await testEvent(s3, bucket, rule, destinations.deliver, caller);
    if (problem === undefined) continue;
    const number = Object.keys(failed).length / 2 + 1;
    failed[`ArgumentName${number}`] = rule.kind === 'CloudFunction' ? `${rule.arn}, null` : rule.arn;
    failed[`ArgumentValue${number}`] = problem;
  }
  if (Object.keys(failed).length === 0) return;
  const message = 'Unable to validate the following destination configurations';
  throw new AwsError('InvalidArgument', message, failed, 400);
}

async function testEvent(
  { clock }: S3Context,
  bucket: BucketRecord,
  { arn, kind }: NotificationRule,
  deliver: Deliver,
  { requestId }: RequestContext,
): Promise<string | undefined> {
  const body = JSON.stringify({
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(clock.now()).toISOString(),
    Bucket: bucket.name,
    RequestId: requestId,
    HostId: requestId,
  });
  const { accountId: sourceAccount } = bucket;
  const sourceArn = bucketArn(bucket.name);
  try {
    await deliver(arn, { body, principal: PRINCIPAL, sourceArn, sourceAccount });
    return undefined;
  } catch (error) {
    if (!(error instanceof AwsError) || error.code === 'NotImplemented') throw error;
    const name = kind.toLowerCase();
    return /NotExist|NotFound|NonExistent/.test(error.code)
      ? `The destination ${name} does not exist`
      : `Permissions on the destination ${name} do not allow S3 to publish notifications from this bucket`;
  }
}

/** A function that does not exist lets nobody in either (recorded). */
async function functionProblem(bucket: BucketRecord, arn: string, call: Call): Promise<string | undefined> {
  const problem = `Not authorized to invoke function [${arn}]`;
  const answer = await call(bucket, 'lambda', 'GetPolicy', { FunctionName: arn }).catch((error: unknown) => {
    if (error instanceof AwsError && error.code !== 'NotImplemented') return undefined;
    throw error;
  });
  if (answer === undefined) return problem;
  const isAllowed = policyAllowsService(parsePolicy((answer as { readonly Policy: string }).Policy), {
    service: PRINCIPAL,
    action: 'lambda:InvokeFunction',
    resource: arn,
    sourceArn: bucketArn(bucket.name),
    sourceAccount: bucket.accountId,
  });
  return isAllowed ? undefined : problem;
}
