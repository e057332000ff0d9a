/** What the execution role of a function has to allow for its records to be delivered. */
import { parseArn } from '../../core/arn.ts';
import type { RequireOfRole } from '../../ports/call.ts';
import type { EventAttributes } from './asynchronous-event.ts';

/** Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations", permissions. */
const ACTIONS: Readonly<Record<string, string>> = {
  sqs: 'sqs:SendMessage',
  sns: 'sns:Publish',
  lambda: 'lambda:InvokeFunction',
  events: 'events:PutEvents',
  s3: 's3:PutObject',
};

export interface DeliveryPermission {
  readonly requireOfRole: RequireOfRole;
  /** The ARN of the function's role; undefined where the function is gone. */
  roleOf(attributes: EventAttributes): string | undefined;
}

/** Rejects with an `AwsError` where the role does not allow it. */
export async function requireDelivery(
  { requireOfRole, roleOf }: DeliveryPermission,
  principal: string,
  attributes: EventAttributes,
  targetArn: string,
): Promise<void> {
  const { accountId, region, functionName } = attributes;
  const { service = '' } = parseArn(targetArn) ?? {};
  const [roleArn, action] = [roleOf(attributes), ACTIONS[service]];
  // Whoever receives it has the last word, and so where there is nothing to ask.
  if (roleArn === undefined || action === undefined) return;
  const caller = { accountId, region, roleArn, principal, sessionName: functionName };
  await requireOfRole(caller, action, service === 's3' ? `${targetArn}/*` : targetArn);
}
