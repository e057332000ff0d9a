import type { Tag } from '@aws-sdk/client-kms';
import { AwsError } from '../../core/errors.ts';
import type { Scope } from './key-record.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { keyOf, pageOf, requireCustomerManaged } from './kms-context.ts';
import { pendingDeletion } from './kms-errors.ts';

/** Tags a key may have. Source: KMS developer guide, "Tagging keys". */
const MAX_TAGS = 50;

type TagOperations = 'TagResource' | 'UntagResource' | 'ListResourceTags';

export function tagOperations(context: KmsContext): Required<Pick<KmsOperations, TagOperations>> {
  const change = async (
    identifier: string,
    caller: Scope,
    decide: (tags: Readonly<Record<string, string>>) => Record<string, string>,
  ): Promise<object> => {
    const { keyId } = await keyOf(context, identifier, caller);
    await context.keys.change(keyId, (record) => {
      requireCustomerManaged(record);
      if (record.state === 'PendingDeletion') throw pendingDeletion(record);
      return { ...record, tags: decide(record.tags) };
    });
    return {};
  };
  return {
    TagResource: async (input, caller) => {
      const added = tagsOf(input.Tags!);
      return change(input.KeyId!, caller, (tags) => checkCount({ ...tags, ...added }));
    },
    UntagResource: async (input, caller) =>
      change(input.KeyId!, caller, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([name]) => !input.TagKeys!.includes(name))),
      ),
    async ListResourceTags(input, caller) {
      const { tags } = await keyOf(context, input.KeyId!, caller);
      const names = Object.keys(tags).sort();
      const { page, more } = pageOf(names, (name) => name, input);
      return { Tags: page.map((name) => ({ TagKey: name, TagValue: tags[name]! })), ...more };
    },
  };
}

/** Throws `TagException` for a name that comes twice (recorded), or too many. */
export function tagsOf(tags: readonly Tag[]): Record<string, string> {
  const byName = Object.fromEntries(tags.map(({ TagKey, TagValue }) => [TagKey!, TagValue!]));
  if (Object.keys(byName).length < tags.length) throw new AwsError('TagException', 'Duplicate tag keys');
  return checkCount(byName);
}

function checkCount(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length > MAX_TAGS) throw new AwsError('TagException', 'Too many tags');
  return tags;
}
