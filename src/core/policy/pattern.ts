/** Patterns of policies: `*` is any run of characters, `?` any one, `${key}` a value of the request. */
import type { ConditionContext } from './condition-context.ts';

/** Code units; the two below stand for wildcards. A value that a variable brings in is literal throughout. */
export type Pattern = readonly number[];

const ANY_RUN = -1;
const ANY_ONE = -2;
const STAR = 0x2a;
const QUESTION_MARK = 0x3f;
const COLON = 0x3a;

/** `${*}`, `${?}` and `${$}` stand for the characters themselves. */
const ESCAPES = new Set(['*', '?', '$']);

const VARIABLE = /\$\{([^}]*)\}/g;

/** `key, 'default'` between the braces. */
const VARIABLE_PARTS = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?$/;

/** Patterns made before: the same few texts are asked for with every request. */
const plain = new Map<string, Pattern>();
const MAX_KEPT = 5_000;

/** The pattern that `text` is where variables are not known: policies of 2008, actions, principals. */
export function plainPattern(text: string): Pattern {
  const known = plain.get(text);
  if (known !== undefined) return known;
  const units: number[] = [];
  pushWild(units, text);
  if (plain.size >= MAX_KEPT) plain.clear();
  plain.set(text, units);
  return units;
}

/**
 * The pattern that `text` is for one request; undefined where a variable has no value in it and no default,
 * and so nothing can match.
 */
export function patternFor(text: string, context: ConditionContext): Pattern | undefined {
  if (!text.includes('${')) return plainPattern(text);
  const units: number[] = [];
  let end = 0;
  for (const variable of text.matchAll(VARIABLE)) {
    pushWild(units, text.slice(end, variable.index));
    const value = variableValue(variable[1]!, context);
    if (value === undefined) return undefined;
    pushLiteral(units, value);
    end = variable.index + variable[0].length;
  }
  pushWild(units, text.slice(end));
  return units;
}

/** The text that `text` is for one request, where wildcards mean nothing; undefined as for `patternFor`. */
export function textFor(text: string, context: ConditionContext): string | undefined {
  if (!text.includes('${')) return text;
  let known = true;
  const expanded = text.replace(VARIABLE, (_whole, inner: string) => {
    const value = variableValue(inner, context);
    if (value === undefined) known = false;
    return value ?? '';
  });
  return known ? expanded : undefined;
}

function variableValue(inner: string, context: ConditionContext): string | undefined {
  if (ESCAPES.has(inner)) return inner;
  const parts = VARIABLE_PARTS.exec(inner);
  if (parts === null) return undefined;
  const values = context.get(parts[1]!.toLowerCase());
  // A key with several values is no variable.
  return values?.length === 1 ? values[0] : parts[2];
}

function pushWild(units: number[], text: string): void {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    units.push(unit === STAR ? ANY_RUN : unit === QUESTION_MARK ? ANY_ONE : unit);
  }
}

function pushLiteral(units: number[], text: string): void {
  for (let index = 0; index < text.length; index++) units.push(text.charCodeAt(index));
}

/** Linear but for the wildcards: goes back to the last `*` only. */
export function matches(pattern: Pattern, text: string): boolean {
  let [at, index, starAt, starIndex] = [0, 0, -1, 0];
  while (index < text.length) {
    const unit = pattern[at];
    if (unit === ANY_RUN) {
      starAt = at++;
      starIndex = index;
    } else if (unit === ANY_ONE || unit === text.charCodeAt(index)) {
      at++;
      index++;
    } else if (starAt >= 0) {
      at = starAt + 1;
      index = ++starIndex;
    } else {
      return false;
    }
  }
  while (pattern[at] === ANY_RUN) at++;
  return at === pattern.length;
}

/** `pattern` cut at its first `limit - 1` colons. */
export function segmentsOf(pattern: Pattern, limit: number): Pattern[] {
  const segments: number[][] = [[]];
  for (const unit of pattern) {
    if (unit === COLON && segments.length < limit) segments.push([]);
    else segments.at(-1)!.push(unit);
  }
  return segments;
}
