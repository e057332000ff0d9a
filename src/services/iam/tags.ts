/** Tags of IAM's resources: up to 50, listed by key. */
import { quotaExceeded } from './iam-errors.ts';
import type { PageInput } from './pages.ts';
import { pageOf } from './pages.ts';

const MAX_TAGS = 50;

export interface Tag {
  readonly Key: string | undefined;
  readonly Value: string | undefined;
}

export type Tags = Readonly<Record<string, string>>;

export function tagsOf(list: readonly Tag[] | undefined): Tags {
  return Object.fromEntries((list ?? []).map(({ Key, Value }) => [Key!, Value!]));
}

/** `quota` is its name, for example `TagsPerRole`. */
export function withTags(tags: Tags, added: readonly Tag[] | undefined, quota: string): Tags {
  const merged = { ...tags, ...tagsOf(added) };
  if (Object.keys(merged).length > MAX_TAGS) throw quotaExceeded(quota, MAX_TAGS);
  return merged;
}

export function withoutTags(tags: Tags, keys: readonly string[] | undefined): Tags {
  const removed = new Set(keys);
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.has(key)));
}

export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** A resource that has no tags is described without the member. */
export function tagMember(tags: Tags): { Tags?: { Key: string; Value: string }[] } {
  return Object.keys(tags).length === 0 ? {} : { Tags: tagList(tags) };
}

export function tagPage(tags: Tags, input: PageInput) {
  const { items, rest } = pageOf(tagList(tags), ({ Key }) => Key, input);
  return { Tags: items, ...rest };
}
