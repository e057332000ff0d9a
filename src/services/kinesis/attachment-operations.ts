import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { streamOf } from './kinesis-context.ts';
import { notFound } from './kinesis-errors.ts';
import { checkPolicy, resourceOf } from './resources.ts';
import { checkTags, listedTags, withoutTags } from './tags.ts';

type AttachmentOperations =
  | 'AddTagsToStream'
  | 'RemoveTagsFromStream'
  | 'ListTagsForStream'
  | 'TagResource'
  | 'UntagResource'
  | 'ListTagsForResource'
  | 'PutResourcePolicy'
  | 'GetResourcePolicy'
  | 'DeleteResourcePolicy';

export function attachmentOperations(
  kinesis: KinesisContext,
): Required<Pick<KinesisOperations, AttachmentOperations>> {
  const addTags = (arn: string, given: Readonly<Record<string, string>>): Promise<void> =>
    resourceOf(kinesis, arn).change((attached) => {
      const tags = { ...attached.tags, ...given };
      checkTags(tags);
      return { ...attached, tags };
    });
  const removeTags = (arn: string, keys: readonly string[]): Promise<void> =>
    resourceOf(kinesis, arn).change((attached) => ({ ...attached, tags: withoutTags(attached.tags, keys) }));
  return {
    async AddTagsToStream(input, caller) {
      await addTags(streamOf(kinesis, input, caller).arn, input.Tags ?? {});
      return {};
    },

    async RemoveTagsFromStream(input, caller) {
      await removeTags(streamOf(kinesis, input, caller).arn, input.TagKeys ?? []);
      return {};
    },

    async ListTagsForStream(input, caller) {
      const { tags } = streamOf(kinesis, input, caller).record;
      const after = input.ExclusiveStartTagKey;
      const rest = listedTags(tags).filter(({ Key }) => after === undefined || Key > after);
      const limit = input.Limit ?? rest.length;
      return { Tags: rest.slice(0, limit), HasMoreTags: rest.length > limit };
    },

    async TagResource(input) {
      await addTags(input.ResourceARN!, input.Tags ?? {});
      return {};
    },

    async UntagResource(input) {
      await removeTags(input.ResourceARN!, input.TagKeys ?? []);
      return {};
    },

    async ListTagsForResource(input) {
      return { Tags: listedTags(resourceOf(kinesis, input.ResourceARN!).attached.tags) };
    },

    async PutResourcePolicy(input) {
      const policy = input.Policy!;
      const resource = resourceOf(kinesis, input.ResourceARN!);
      checkPolicy(policy);
      await resource.change((attached) => ({ ...attached, policy }));
      return {};
    },

    async GetResourcePolicy(input) {
      const { policy } = resourceOf(kinesis, input.ResourceARN!).attached;
      if (policy === undefined) throw noPolicy(input.ResourceARN!);
      return { Policy: policy };
    },

    async DeleteResourcePolicy(input) {
      const resource = resourceOf(kinesis, input.ResourceARN!);
      if (resource.attached.policy === undefined) throw noPolicy(input.ResourceARN!);
      await resource.change(({ tags }) => ({ tags }));
      return {};
    },
  };
}

function noPolicy(arn: string): Error {
  return notFound(`No resource policy found for resource ${arn}.`);
}
