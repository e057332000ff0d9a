import type { SnsContext, SnsOperations } from './sns-context.ts';
import { page, topicOf } from './sns-context.ts';
import { invalidParameter } from './sns-errors.ts';
import { tagRecord } from './tag-operations.ts';
import { checkTopicAttribute, describedTopic } from './topic-attributes.ts';
import type { TopicRecord } from './topic-record.ts';
import { FIFO_SUFFIX, topicArn } from './topic-record.ts';

type Attributes = Readonly<Record<string, string>>;
type Names = 'CreateTopic' | 'DeleteTopic' | 'ListTopics' | 'GetTopicAttributes' | 'SetTopicAttributes';

export function topicOperations(sns: SnsContext): Required<Pick<SnsOperations, Names>> {
  const { topics, subscriptions } = sns;
  return {
    async CreateTopic(input, { accountId, region }) {
      const name = input.Name ?? '';
      const given = (input.Attributes ?? {}) as Attributes;
      const isFifo = given['FifoTopic'] === 'true';
      checkName(name, isFifo);
      const { FifoTopic: _, ...attributes } = given;
      for (const [key, value] of Object.entries(attributes)) checkTopicAttribute(key, value, isFifo);
      const arn = topicArn(accountId, region, name);
      const tags = tagRecord(input.Tags ?? []);
      const existing = topics.find(arn);
      if (existing !== undefined) {
        checkSame(existing, attributes, input.Tags === undefined ? undefined : tags, sns);
        return { TopicArn: arn };
      }
      const kept = withoutEmpty(attributes);
      await topics.save({ arn, accountId, region, name, isFifo, attributes: kept, tags });
      return { TopicArn: arn };
    },

    async DeleteTopic(input, caller) {
      const arn = input.TopicArn ?? '';
      // Recorded: to delete one that is not there is no error.
      const topic = topics.find(arn) ?? (arn.split(':').length < 6 ? topicOf(sns, arn, caller) : undefined);
      if (topic !== undefined) await topics.delete(topic, subscriptions);
      return {};
    },

    async ListTopics(input, { accountId, region }) {
      const { shown, ...token } = page(topics.list(accountId, region), ({ arn }) => arn, input.NextToken);
      return { Topics: shown.map(({ arn }) => ({ TopicArn: arn })), ...token };
    },

    async GetTopicAttributes(input, caller) {
      return { Attributes: { ...describedTopic(topicOf(sns, input.TopicArn, caller), subscriptions) } };
    },

    async SetTopicAttributes(input, caller) {
      const topic = topicOf(sns, input.TopicArn, caller);
      const { AttributeName: name = '', AttributeValue: value = '' } = input;
      checkTopicAttribute(name, value, topic.isFifo);
      await topics.save({ ...topic, attributes: withoutEmpty({ ...topic.attributes, [name]: value }) });
      return {};
    },
  };
}

function checkName(name: string, isFifo: boolean): void {
  const stem = isFifo && name.endsWith(FIFO_SUFFIX) ? name.slice(0, -FIFO_SUFFIX.length) : name;
  const isComplete = !isFifo || stem !== name;
  // Recorded for "topic_name_constraints".
  if (!isComplete || name.length > 256 || !/^[A-Za-z0-9_-]+$/.test(stem)) {
    throw invalidParameter('Topic Name');
  }
}

function checkSame(
  existing: TopicRecord,
  given: Attributes,
  tags: Attributes | undefined,
  { subscriptions }: SnsContext,
): void {
  const held = describedTopic(existing, subscriptions);
  if (Object.entries(given).some(([name, value]) => held[name] !== value)) {
    throw invalidParameter('Attributes Reason: Topic already exists with different attributes');
  }
  if (tags !== undefined && !sameTags(tags, existing.tags)) {
    throw invalidParameter('Tags Reason: Topic already exists with different tags');
  }
}

function sameTags(a: Attributes, b: Attributes): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function withoutEmpty(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''));
}
