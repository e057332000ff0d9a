import { PolicySyntaxError, parsePolicy, policyOf } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import { checkDeliveryPolicy, effectiveTopicPolicy } from './delivery-policy.ts';
import { invalidParameter, notImplemented } from './sns-errors.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { TopicRecord } from './topic-record.ts';

type Attributes = Readonly<Record<string, string>>;

/** Source: API reference of SetTopicAttributes. */
const MAX_DISPLAY_NAME = 100;

/** Recorded of every new topic. */
const DEFAULT_ACTIONS = [
  'SNS:GetTopicAttributes',
  'SNS:SetTopicAttributes',
  'SNS:AddPermission',
  'SNS:RemovePermission',
  'SNS:DeleteTopic',
  'SNS:Subscribe',
  'SNS:ListSubscriptionsByTopic',
  'SNS:Publish',
];

export function defaultPolicy({ arn, accountId }: Pick<TopicRecord, 'arn' | 'accountId'>) {
  return {
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: DEFAULT_ACTIONS,
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': accountId } },
      },
    ],
  };
}

/** `name` as CreateTopic and SetTopicAttributes take it. Throws `InvalidParameter`, `NotImplemented`. */
export function checkTopicAttribute(name: string, value: string, isFifo: boolean): void {
  const invalid = (reason: string) => invalidParameter(`Attributes Reason: ${reason}`);
  switch (name) {
    case 'DisplayName':
      if (value.length > MAX_DISPLAY_NAME) throw invalid('DisplayName is too long');
      return;
    case 'Policy':
      return checkPolicy(value);
    case 'DeliveryPolicy':
      if (value !== '') checkDeliveryPolicy(value);
      return;
    case 'SignatureVersion':
      if (value !== '1' && value !== '2') throw invalid(`SignatureVersion: Invalid value [${value}].`);
      return;
    case 'ContentBasedDeduplication':
      if (!isFifo) throw invalid('Unknown attribute ContentBasedDeduplication');
      if (value !== 'true' && value !== 'false') {
        throw invalid(`ContentBasedDeduplication: Invalid value [${value}]. Must be true or false.`);
      }
      return;
    case 'KmsMasterKeyId':
    case 'TracingConfig':
    case 'ArchivePolicy':
    case 'FifoThroughputScope':
      throw notImplemented(`the topic attribute ${name}`);
    default:
      if (/(Success|Failure)Feedback(RoleArn|SampleRate)$/.test(name)) {
        throw notImplemented(`the topic attribute ${name}`);
      }
      throw invalidParameter('AttributeName');
  }
}

function checkPolicy(text: string): void {
  if (text === '') return;
  try {
    parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw invalidParameter('Policy Error: null');
    throw error;
  }
}

/** Order and presence as recorded; `SubscriptionsDeleted` is of those that ended lately, of which none are kept. */
export function describedTopic(topic: TopicRecord, subscriptions: Subscriptions): Attributes {
  const held = subscriptions.ofTopic(topic.arn);
  const pending = held.filter(({ isPending }) => isPending).length;
  const { attributes } = topic;
  return {
    Policy: policyText(topic),
    Owner: topic.accountId,
    SubscriptionsPending: String(pending),
    TopicArn: topic.arn,
    EffectiveDeliveryPolicy: JSON.stringify(effectiveTopicPolicy(attributes['DeliveryPolicy'])),
    SubscriptionsConfirmed: String(held.length - pending),
    DisplayName: '',
    SubscriptionsDeleted: '0',
    ...(topic.isFifo ? { FifoTopic: 'true', ContentBasedDeduplication: 'false' } : {}),
    ...attributes,
  };
}

/** As it is evaluated; undefined where RemovePermission has left no statement, so that it lets nobody in. */
export function topicPolicy(topic: TopicRecord): PolicyDocument | undefined {
  const policy = JSON.parse(policyText(topic)) as { readonly Statement: unknown };
  const isEmpty = Array.isArray(policy.Statement) && policy.Statement.length === 0;
  return isEmpty ? undefined : policyOf(policy);
}

export function policyText(topic: TopicRecord): string {
  return topic.attributes['Policy'] ?? JSON.stringify(defaultPolicy(topic));
}
