import type { SnsContext, SnsOperations } from './sns-context.ts';
import { topicOf } from './sns-context.ts';
import { invalidParameter } from './sns-errors.ts';
import { policyText } from './topic-attributes.ts';
import type { TopicRecord } from './topic-record.ts';

interface Statement {
  readonly Sid?: string;
  readonly [member: string]: unknown;
}

/** Source: policy actions of "Example cases for Amazon SNS access control". */
const ACTIONS = new Set([
  'GetTopicAttributes',
  'SetTopicAttributes',
  'AddPermission',
  'RemovePermission',
  'DeleteTopic',
  'Subscribe',
  'ListSubscriptionsByTopic',
  'Publish',
]);

export function permissionOperations(
  sns: SnsContext,
): Required<Pick<SnsOperations, 'AddPermission' | 'RemovePermission'>> {
  return {
    async AddPermission(input, caller) {
      const topic = topicOf(sns, input.TopicArn, caller);
      const { Label: label = '', AWSAccountId: accounts = [], ActionName: actions = [] } = input;
      if (actions.length === 0 || actions.some((action) => !ACTIONS.has(action))) {
        throw invalidParameter('Policy statement action out of service scope!');
      }
      if (accounts.length === 0 || accounts.some((account) => !/^\d{12}$/.test(account))) {
        throw invalidParameter('AWSAccountId');
      }
      const statements = statementsOf(topic);
      if (statements.some(({ Sid }) => Sid === label)) {
        throw invalidParameter('Statement already exists');
      }
      const statement = {
        Sid: label,
        Effect: 'Allow',
        Principal: { AWS: oneOrAll(accounts.map((account) => `arn:aws:iam::${account}:root`)) },
        Action: oneOrAll(actions.map((action) => `SNS:${action}`)),
        Resource: topic.arn,
      };
      await save(sns, topic, [...statements, statement]);
      return {};
    },

    async RemovePermission(input, caller) {
      const topic = topicOf(sns, input.TopicArn, caller);
      // To take away a label that is not there is no error.
      await save(
        sns,
        topic,
        statementsOf(topic).filter(({ Sid }) => Sid !== input.Label),
      );
      return {};
    },
  };
}

function statementsOf(topic: TopicRecord): readonly Statement[] {
  const { Statement: held } = JSON.parse(policyText(topic)) as { Statement: Statement | Statement[] };
  return Array.isArray(held) ? held : [held];
}

function save({ topics }: SnsContext, topic: TopicRecord, statements: readonly Statement[]): Promise<void> {
  const policy = { ...(JSON.parse(policyText(topic)) as object), Statement: statements };
  const attributes = { ...topic.attributes, Policy: JSON.stringify(policy) };
  return topics.save({ ...topic, attributes });
}

function oneOrAll(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? values[0]! : values;
}
