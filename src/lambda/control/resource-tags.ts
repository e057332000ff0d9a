import { MAX_TAGS } from './control-limits.ts';
import { invalidParameter } from './lambda-errors.ts';

export type Tags = Readonly<Record<string, string>>;

/** Keys that begin with `aws:` belong to AWS; 50 tags at most. Source: Lambda developer guide, "Using tags". */
export function checkTags(tags: Tags): void {
  const names = Object.keys(tags);
  if (names.length > MAX_TAGS) throw invalidParameter(`Number of tags exceeds resource tag limit.`);
  if (names.some((name) => name.toLowerCase().startsWith('aws:'))) {
    throw invalidParameter('An error occurred and the request cannot be processed.');
  }
}
