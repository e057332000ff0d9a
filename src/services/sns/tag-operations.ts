import type { Tag } from '@aws-sdk/client-sns';
import { AwsError } from '../../core/errors.ts';
import type { SnsContext, SnsOperations } from './sns-context.ts';
import { invalidParameter } from './sns-errors.ts';
import type { TopicRecord } from './topic-record.ts';

/** Source: API reference of TagResource. */
const MAX_TAGS = 50;

type Names = 'TagResource' | 'UntagResource' | 'ListTagsForResource';

export function tagOperations({ topics }: SnsContext): Required<Pick<SnsOperations, Names>> {
  const resource = (arn: string | undefined): TopicRecord => {
    const topic = topics.find(arn ?? '');
    if (topic === undefined) throw new AwsError('ResourceNotFoundException', 'Resource does not exist');
    return topic;
  };
  return {
    async TagResource(input) {
      const topic = resource(input.ResourceArn);
      const tags = { ...topic.tags, ...tagRecord(input.Tags ?? []) };
      checkCount(tags);
      await topics.save({ ...topic, tags });
      return {};
    },

    async UntagResource(input) {
      const topic = resource(input.ResourceArn);
      const gone = new Set(input.TagKeys);
      const kept = Object.entries(topic.tags).filter(([key]) => !gone.has(key));
      await topics.save({ ...topic, tags: Object.fromEntries(kept) });
      return {};
    },

    async ListTagsForResource(input) {
      const { tags } = resource(input.ResourceArn);
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

/** Throws `InvalidParameter`, `TagLimitExceeded`. */
export function tagRecord(tags: readonly Tag[]): Record<string, string> {
  const record = Object.fromEntries(tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
  if (Object.keys(record).length < tags.length) throw invalidParameter('Duplicated keys are not allowed.');
  checkCount(record);
  return record;
}

function checkCount(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length > MAX_TAGS) {
    throw new AwsError(
      'TagLimitExceededException',
      'Could not complete request: tag quota of per resource exceeded',
    );
  }
}
