/**
 * Roles in which targets are reached. Source: user guide, "Using resource-based policies for Amazon EventBridge" and
 * "IAM roles for sending events to targets"; a role of the rule does not take the place of the target's, as users have found
 * (aws-cloudformation/cloudformation-coverage-roadmap#1110).
 */
import { parseArn } from '../../core/arn.ts';
import type { RequireOfRole } from '../../ports/call.ts';
import type { RuleTarget } from './rule-record.ts';
import type { RuleName } from './target-input.ts';

/** Who takes the roles. */
const PRINCIPAL = 'events.amazonaws.com';

/** What a role has to allow, by the service of the target. Log groups are reached by resource policies alone. */
const ACTIONS: Readonly<Record<string, string>> = {
  lambda: 'lambda:InvokeFunction',
  sqs: 'sqs:SendMessage',
  sns: 'sns:Publish',
  kinesis: 'kinesis:PutRecord',
  firehose: 'firehose:PutRecord',
  events: 'events:PutEvents',
};
const INVOKE_API_DESTINATION = 'events:InvokeApiDestination';
/** No policy of their own could let EventBridge in. */
const WITHOUT_POLICY: ReadonlySet<string> = new Set(['kinesis', 'firehose']);

/** An endpoint outside, which no service of AWS has. */
export function isApiDestination(arn: string): boolean {
  return /^arn:[^:]+:events:[^:]*:[^:]*:api-destination\//.test(arn);
}

export function needsRole(arn: string): boolean {
  return isApiDestination(arn) || WITHOUT_POLICY.has(parseArn(arn)?.service ?? '');
}

/** Whether a rule reaches the target in its role; else the target's policy is asked. Rejects with an `AwsError` where the role does not allow it. */
export async function isReachedByRole(
  requireOfRole: RequireOfRole,
  rule: RuleName,
  { Arn: arn, RoleArn: roleArn }: RuleTarget,
): Promise<boolean> {
  const action = isApiDestination(arn) ? INVOKE_API_DESTINATION : ACTIONS[parseArn(arn)?.service ?? ''];
  if (roleArn === undefined || action === undefined) return false;
  const { accountId, region } = parseArn(rule.arn)!;
  const caller = { accountId, region, roleArn, principal: PRINCIPAL, sessionName: rule.name };
  await requireOfRole(caller, action, arn);
  return true;
}
