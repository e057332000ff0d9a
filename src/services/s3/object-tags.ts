/** Tags of buckets and objects: checked as recorded for "test_tagging_validation". */
import type { Tag } from '@aws-sdk/client-s3';
import { AwsError } from '../../core/errors.ts';
import type { ObjectTag } from './object-attributes.ts';
import { invalidArgument, malformedXml } from './s3-errors.ts';

/** Source: user guide, "Categorizing your objects using tags" and "Using cost allocation S3 bucket tags". */
const MAX_OBJECT_TAGS = 10;
const MAX_BUCKET_TAGS = 50;
const MAX_KEY_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 256;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export function objectTags(tags: readonly Tag[] | undefined): readonly ObjectTag[] {
  const checked = checkedTags(tags, 'Your TagKey cannot be prefixed with aws:');
  if (checked.length > MAX_OBJECT_TAGS) {
    const words = `Object tags cannot be greater than ${MAX_OBJECT_TAGS}`;
    throw new AwsError('BadRequest', words, {}, 400);
  }
  return checked;
}

export function bucketTags(tags: readonly Tag[] | undefined): readonly ObjectTag[] {
  const checked = checkedTags(tags, 'System tags cannot be added/updated by requester');
  if (checked.length > MAX_BUCKET_TAGS) {
    const words = `Bucket tag count cannot be greater than ${MAX_BUCKET_TAGS}`;
    throw new AwsError('BadRequest', words, {}, 400);
  }
  return checked;
}

/** `x-amz-tagging`: as a query, `a=1&b=2`. */
export function tagsOfHeader(header: string | undefined): readonly ObjectTag[] {
  if (header === undefined || header === '') return [];
  const tags = [...new URLSearchParams(header)].map(([Key, Value]) => ({ Key, Value }));
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) {
    const words =
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.";
    throw invalidArgument(words, 'x-amz-tagging', header);
  }
  return objectTags(tags);
}

function checkedTags(tags: readonly Tag[] | undefined, reserved: string): readonly ObjectTag[] {
  if (tags === undefined) throw malformedXml();
  const seen = new Set<string>();
  return tags.map(({ Key, Value }) => {
    if (Key === undefined || Value === undefined) throw malformedXml();
    if (Key === '' || Key.length > MAX_KEY_CHARACTERS || !ALLOWED.test(Key))
      throw invalidTag('The TagKey you have provided is invalid', { TagKey: Key });
    if (Value.length > MAX_VALUE_CHARACTERS || !ALLOWED.test(Value))
      throw invalidTag('The TagValue you have provided is invalid', { TagKey: Key, TagValue: Value });
    if (Key.startsWith('aws:')) throw invalidTag(reserved, { TagKey: Key });
    if (seen.has(Key)) throw invalidTag('Cannot provide multiple Tags with the same key', { TagKey: Key });
    seen.add(Key);
    return { Key, Value };
  });
}

function invalidTag(message: string, members: Record<string, string>): AwsError {
  return new AwsError('InvalidTag', message, members, 400);
}
