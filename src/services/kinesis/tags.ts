import { invalidArgument, limitExceeded } from './kinesis-errors.ts';

/** Source: API reference of AddTagsToStream. */
const MAX_TAGS = 50;

/** Throws `InvalidArgumentException`, `LimitExceededException`. */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const keys = Object.keys(tags);
  if (keys.length > MAX_TAGS) {
    throw limitExceeded(`A stream can have ${MAX_TAGS} tags at most, not ${keys.length}.`);
  }
  for (const [key, value] of Object.entries(tags)) {
    if (/^aws:/i.test(key)) throw invalidArgument(`Tag keys must not begin with aws:, as ${key} does.`);
    if (!TAG_TEXT.test(key) || !TAG_TEXT.test(value)) {
      throw invalidArgument(
        'Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.',
      );
    }
  }
}

const TAG_TEXT = /^[\p{L}\p{N}\p{Z}_./=+\-%@:]*$/u;

/** In the order of their keys. */
export function listedTags(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags)
    .map(([Key, Value]) => ({ Key, Value }))
    .sort((a, b) => (a.Key < b.Key ? -1 : 1));
}

export function withoutTags(
  tags: Readonly<Record<string, string>>,
  keys: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
}
