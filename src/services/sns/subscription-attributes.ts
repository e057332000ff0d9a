import { parseArn } from '../../core/arn.ts';
import { checkDeliveryPolicy } from './delivery-policy.ts';
import { filterPolicy } from './filter-policy.ts';
import { invalidParameter, notImplemented } from './sns-errors.ts';
import type { Protocol, Subscription } from './subscription-record.ts';

type Attributes = Readonly<Record<string, string>>;

/** Throws `InvalidParameter` in the words recorded for "create_subscriptions_with_attributes", `NotImplemented`. */
export function checkSubscriptionAttributes(attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) checkAttribute(name, value);
  const scope = attributes['FilterPolicyScope'] === 'MessageBody' ? 'MessageBody' : 'MessageAttributes';
  if (attributes['FilterPolicy']) filterPolicy(attributes['FilterPolicy'], scope);
}

/** Throws `InvalidParameter` where a delivery stream is subscribed without the role that puts records into it. */
export function checkRole(protocol: Protocol, attributes: Attributes): void {
  if (protocol !== 'firehose' || attributes['SubscriptionRoleArn']) return;
  throw refused('SubscriptionRoleArn: required for subscriptions of the protocol firehose');
}

function isRole(arn: string): boolean {
  return parseArn(arn)?.service === 'iam' && arn.includes(':role/');
}

function checkAttribute(name: string, value: string): void {
  switch (name) {
    case 'RawMessageDelivery':
      if (/^(true|false)$/i.test(value)) return;
      throw refused(`RawMessageDelivery: Invalid value [${value}]. Must be true or false.`);
    case 'FilterPolicyScope':
      if (value === 'MessageAttributes' || value === 'MessageBody') return;
      throw refused(
        `FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`,
      );
    case 'RedrivePolicy':
      if (value !== '') checkRedrivePolicy(value);
      return;
    case 'DeliveryPolicy':
      if (value !== '') checkDeliveryPolicy(value);
      return;
    case 'FilterPolicy':
      return;
    case 'SubscriptionRoleArn':
      if (isRole(value)) return;
      throw refused(`SubscriptionRoleArn: ${value} is not the ARN of a role`);
    case 'ReplayPolicy':
      throw notImplemented(`the subscription attribute ${name}`);
    default:
      throw invalidParameter('AttributeName');
  }
}

function checkRedrivePolicy(text: string): void {
  let target: unknown;
  try {
    target = (JSON.parse(text) as { deadLetterTargetArn?: unknown } | null)?.deadLetterTargetArn;
  } catch {
    throw refused('RedrivePolicy: failed to parse JSON.');
  }
  if (typeof target !== 'string' || parseArn(target)?.service !== 'sqs') {
    throw refused('RedrivePolicy: deadLetterTargetArn is an invalid arn');
  }
}

/** Values as they are compared and kept; a policy that lets everything through is none. */
export function keptAttributes(attributes: Attributes): Attributes {
  const { FilterPolicyScope: scope, ...others } = attributes;
  const kept = Object.entries(others)
    .filter(([name, value]) => value !== '' && !(name === 'FilterPolicy' && /^\s*\{\s*\}\s*$/.test(value)))
    .map(([name, value]) => [name, name === 'RawMessageDelivery' ? value.toLowerCase() : value] as const);
  return { ...Object.fromEntries(kept), ...(scope === undefined ? {} : { FilterPolicyScope: scope }) };
}

/** As recorded: the scope is shown with a filter policy only. */
export function describedSubscription({ record, isPending }: Subscription): Attributes {
  const { FilterPolicyScope: scope = 'MessageAttributes', ...attributes } = record.attributes;
  return {
    SubscriptionPrincipal: record.principal,
    Owner: record.accountId,
    RawMessageDelivery: 'false',
    TopicArn: record.topicArn,
    Endpoint: record.endpoint,
    Protocol: record.protocol,
    PendingConfirmation: String(isPending),
    ConfirmationWasAuthenticated: String(record.wasAuthenticated),
    SubscriptionArn: record.arn,
    ...attributes,
    ...(attributes['FilterPolicy'] === undefined ? {} : { FilterPolicyScope: scope }),
  };
}

function refused(reason: string) {
  return invalidParameter(`Attributes Reason: ${reason}`);
}
