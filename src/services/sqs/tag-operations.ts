import { AwsError } from '../../core/errors.ts';
import type { SqsContext, SqsOperations } from './sqs-context.ts';
import { queueOf, required } from './sqs-context.ts';
import { invalidParameter } from './sqs-errors.ts';

/** Source: "Amazon SQS queue quotas" and "Tag restrictions". */
const MAX_TAGS = 50;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;

type TagOperations = 'TagQueue' | 'UntagQueue' | 'ListQueueTags';

export function tagOperations(sqs: SqsContext): Required<Pick<SqsOperations, TagOperations>> {
  const { queues } = sqs;
  return {
    async TagQueue(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const given = required(input.Tags, 'Tags');
      const tags = { ...queue.record.tags, ...given };
      checkTags(given);
      if (Object.keys(tags).length > MAX_TAGS) {
        throw new AwsError('OverLimit', `Too many tags added for queue ${queue.record.name}.`);
      }
      await queues.update(queue, (record) => ({ ...record, tags }));
      return {};
    },

    async UntagQueue(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const keys = new Set(required(input.TagKeys, 'TagKeys'));
      await queues.update(queue, (record) => ({
        ...record,
        tags: Object.fromEntries(Object.entries(record.tags).filter(([key]) => !keys.has(key))),
      }));
      return {};
    },

    async ListQueueTags(input, caller) {
      const { tags } = queueOf(sqs, input.QueueUrl, caller).record;
      // Recorded: no member at all where there are no tags.
      return Object.keys(tags).length === 0 ? {} : { Tags: { ...tags } };
    },
  };
}

export function checkTags(tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > MAX_KEY_LENGTH || /^aws:/i.test(key)) {
      throw invalidParameter(
        'Tag keys must be between 1 and 128 characters in length and must not begin with aws:.',
      );
    }
    if (value.length > MAX_VALUE_LENGTH) {
      throw invalidParameter('Tag values must be between 0 and 256 characters in length.');
    }
  }
}
