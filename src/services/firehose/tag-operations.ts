import type { Tag } from '@aws-sdk/client-firehose';
import type { FirehoseContext, FirehoseOperations } from './firehose-context.ts';
import { existingStream } from './firehose-context.ts';
import { invalidArgument, limitExceeded } from './firehose-errors.ts';

/** Tags of a stream, and of one page, from the API references. */
const MAX_TAGS = 50;

type TagOperations = 'TagDeliveryStream' | 'UntagDeliveryStream' | 'ListTagsForDeliveryStream';

export function tagOperations(firehose: FirehoseContext): Required<Pick<FirehoseOperations, TagOperations>> {
  const { streams } = firehose;
  return {
    async TagDeliveryStream(input, context) {
      const stream = existingStream(firehose, context, input.DeliveryStreamName!);
      const tags = { ...stream.record.tags, ...tagsOf(input.Tags!) };
      if (Object.keys(tags).length > MAX_TAGS) {
        throw limitExceeded(`A delivery stream can have ${MAX_TAGS} tags at most.`);
      }
      await streams.update(stream, { ...stream.record, tags });
      return {};
    },

    async UntagDeliveryStream(input, context) {
      const stream = existingStream(firehose, context, input.DeliveryStreamName!);
      const kept = Object.entries(stream.record.tags).filter(([key]) => !input.TagKeys!.includes(key));
      await streams.update(stream, { ...stream.record, tags: Object.fromEntries(kept) });
      return {};
    },

    async ListTagsForDeliveryStream(input, context) {
      const { record } = existingStream(firehose, context, input.DeliveryStreamName!);
      const { ExclusiveStartTagKey: after = '', Limit = MAX_TAGS } = input;
      const tags = Object.entries(record.tags)
        .filter(([key]) => key > after)
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([Key, Value]) => ({ Key, Value }));
      return { Tags: tags.slice(0, Limit), HasMoreTags: tags.length > Limit };
    },
  };
}

/** Throws `InvalidArgumentException` for keys that are AWS's own. */
export function tagsOf(tags: readonly Tag[]): Record<string, string> {
  const reserved = tags.find(({ Key }) => /^aws:/i.test(Key!));
  if (reserved !== undefined)
    throw invalidArgument(`Tag keys must not begin with aws:, as ${reserved.Key} does.`);
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key!, Value ?? '']));
}
