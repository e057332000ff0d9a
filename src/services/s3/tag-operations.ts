import type { RequestContext } from '../../ports/service.ts';
import type { ObjectTag } from './object-attributes.ts';
import { settingsOf } from './object-attributes.ts';
import { bucketTags, objectTags } from './object-tags.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';
import { noSuchKey, notConfigured } from './s3-errors.ts';
import type { VersionInput } from './stored-version.ts';
import { findObject, versionMember } from './stored-version.ts';

type TagOperations = Required<
  Pick<
    S3Operations,
    | 'PutObjectTagging'
    | 'GetObjectTagging'
    | 'DeleteObjectTagging'
    | 'PutBucketTagging'
    | 'GetBucketTagging'
    | 'DeleteBucketTagging'
  >
>;

interface TaggedInput extends VersionInput {
  readonly Bucket?: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
}

export function tagOperations(s3: S3Context): TagOperations {
  const { buckets, objects } = s3;

  const tag = async (
    input: TaggedInput,
    caller: RequestContext,
    method: string,
    tags: readonly ObjectTag[],
  ) => {
    const bucket = bucketOf(s3, input);
    const found = await findObject(s3, bucket, input, caller, method);
    const settings = JSON.stringify({ ...settingsOf(found), tags });
    const isThere = await objects.set(found.sequence, settings);
    if (!isThere) throw noSuchKey(found.key);
    return versionMember(bucket, found);
  };

  return {
    async PutObjectTagging(input, caller) {
      return tag(input, caller, 'PUT', objectTags(input.Tagging?.TagSet));
    },

    async DeleteObjectTagging(input, caller) {
      return tag(input, caller, 'DELETE', []);
    },

    async GetObjectTagging(input, caller) {
      const bucket = bucketOf(s3, input);
      const found = await findObject(s3, bucket, input, caller, 'GET');
      return { TagSet: [...(settingsOf(found).tags ?? [])], ...versionMember(bucket, found) };
    },

    async PutBucketTagging(input) {
      const { name } = bucketOf(s3, input);
      const tags = bucketTags(input.Tagging?.TagSet);
      await buckets.change(name, () => ({ ...buckets.get(name), tags }));
      return {};
    },

    async GetBucketTagging(input) {
      const { name, tags = [] } = bucketOf(s3, input);
      if (tags.length === 0) throw notConfigured('NoSuchTagSet', 'The TagSet does not exist', name);
      return { TagSet: [...tags] };
    },

    async DeleteBucketTagging(input) {
      const { name } = bucketOf(s3, input);
      await buckets.change(name, () => ({ ...buckets.get(name), tags: [] }));
      return {};
    },
  };
}
