import type { S3Tag } from '@aws-sdk/client-s3-control';
import type { S3ControlContext, S3ControlOperations } from './s3control-context.ts';
import { jobOf } from './s3control-context.ts';
import { invalidRequest, noSuchJob, tooManyTags } from './s3control-errors.ts';

/** Source: API reference of PutJobTagging. */
const MAX_TAGS = 50;
const MAX_KEY_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 256;

type Names = 'GetJobTagging' | 'PutJobTagging' | 'DeleteJobTagging';

export function jobTagOperations(context: S3ControlContext): Required<Pick<S3ControlOperations, Names>> {
  const tag: NonNullable<S3ControlOperations['PutJobTagging']> = async (input, caller) => {
    const tags = checkedTags(input.Tags);
    const record = await context.jobs.change(jobOf(context, input, caller), (job) => ({ ...job, tags }));
    if (record === undefined) throw noSuchJob();
    return {};
  };
  return {
    PutJobTagging: tag,
    async GetJobTagging(input, caller) {
      return { Tags: [...jobOf(context, input, caller).tags] };
    },
    DeleteJobTagging: (input, caller) => tag({ ...input, Tags: [] }, caller),
  };
}

/** Throws `TooManyTagsException`, `InvalidRequest`. */
export function checkedTags(tags: readonly S3Tag[] = []): readonly S3Tag[] {
  if (tags.length > MAX_TAGS) throw tooManyTags();
  const keys = tags.map(({ Key = '' }) => Key);
  if (new Set(keys).size < keys.length) throw invalidRequest('Tag keys are not unique.');
  for (const { Key = '', Value = '' } of tags)
    if (Key === '' || Key.length > MAX_KEY_CHARACTERS || Value.length > MAX_VALUE_CHARACTERS)
      throw invalidRequest('Invalid tag.');
  return tags.map(({ Key, Value }) => ({ Key, Value }));
}
