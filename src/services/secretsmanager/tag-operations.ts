import type { Tag } from '@aws-sdk/client-secrets-manager';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { requireLive } from './secrets-context.ts';
import { invalidParameter, invalidRequest } from './secrets-errors.ts';

/** Source: "AWS Secrets Manager quotas". */
const MAX_TAGS = 50;
const RESERVED_PREFIX = /^aws:/i;

type Names = 'TagResource' | 'UntagResource';

export function tagOperations({ secrets }: SecretsContext): Required<Pick<SecretsOperations, Names>> {
  return {
    async TagResource(input, caller) {
      await secrets.change(input.SecretId!, caller, (known) => ({
        ...requireLive(known),
        tags: checkTags(known.tags ?? {}, input.Tags!),
      }));
      return {};
    },
    async UntagResource(input, caller) {
      await secrets.change(input.SecretId!, caller, (known) => {
        const { tags } = requireLive(known);
        if (tags === undefined) return known;
        const kept = Object.entries(tags).filter(([key]) => !input.TagKeys!.includes(key));
        return { ...known, tags: Object.fromEntries(kept) };
      });
      return {};
    },
  };
}

/** The tags before with those that are given. Codes by the API reference. */
export function checkTags(
  before: Readonly<Record<string, string>>,
  given: readonly Tag[],
): Readonly<Record<string, string>> {
  for (const { Key: key } of given) {
    if (key === undefined) throw invalidParameter('A tag needs a Key.');
    if (RESERVED_PREFIX.test(key))
      throw invalidParameter('The tag key prefix aws: is reserved for use by AWS.');
  }
  const tags = { ...before, ...Object.fromEntries(given.map(({ Key, Value = '' }) => [Key!, Value])) };
  if (Object.keys(tags).length > MAX_TAGS)
    throw invalidRequest(`A secret can have at most ${MAX_TAGS} tags.`);
  return tags;
}
