/** Texts in the order in which SQLite compares them: by their UTF-8 bytes. */

/** Later than every text that begins with a prefix at the end of Unicode: no text ends a range there. */
const LAST_CODE_POINT = 0x10ffff;
/** Surrogates are no characters of their own and have no place in UTF-8. */
const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;

/** The least text that is greater than all that begin with `prefix`; undefined for none. */
export function textAfter(prefix: string): string | undefined {
  const points = Array.from(prefix);
  while (points.length > 0) {
    const last = points.pop()!.codePointAt(0)!;
    if (last === LAST_CODE_POINT) continue;
    const next = last + 1;
    return points.join('') + String.fromCodePoint(next === FIRST_SURROGATE ? AFTER_SURROGATES : next);
  }
  return undefined;
}

export function isBefore(left: string, right: string): boolean {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
}
