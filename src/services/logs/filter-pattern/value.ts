import { invalidPattern } from './scanner.ts';

/** What a field is compared with. Bare words and quoted strings may hold `*` for any characters. */
export type PatternValue =
  | { readonly kind: 'number'; readonly number: number; readonly text: string }
  | { readonly kind: 'text'; readonly expression: RegExp }
  | { readonly kind: 'regex'; readonly expression: RegExp };

export type Comparison = '=' | '!=' | '<' | '>' | '<=' | '>=';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** Characters allowed in a regular expression of a filter pattern, per AWS's user guide; no groups. */
const REGEX_CHARACTERS = /^(?:\\.|[A-Za-z0-9_\s:_#=@/;,\-^$?[\]{}|*+.])*$/;

export function bareValue(text: string): PatternValue {
  if (NUMBER.test(text)) return { kind: 'number', number: Number(text), text };
  return quotedValue(text);
}

export function quotedValue(text: string): PatternValue {
  const source = text
    .split('*')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.*');
  return { kind: 'text', expression: new RegExp(`^${source}$`, 's') };
}

export function regexValue(source: string): PatternValue & { readonly kind: 'regex' } {
  if (source === '' || !REGEX_CHARACTERS.test(source)) throw invalidPattern('Invalid regular expression');
  try {
    return { kind: 'regex', expression: new RegExp(source) };
  } catch {
    throw invalidPattern('Invalid regular expression');
  }
}

/** Order is only defined against a number; equality also by text. */
export function compareField(field: string | number, comparison: Comparison, value: PatternValue): boolean {
  if (comparison === '=' || comparison === '!=') return isEqual(field, value) === (comparison === '=');
  if (value.kind !== 'number') return false;
  const number = typeof field === 'number' ? field : NUMBER.test(field) ? Number(field) : Number.NaN;
  switch (comparison) {
    case '<':
      return number < value.number;
    case '>':
      return number > value.number;
    case '<=':
      return number <= value.number;
    case '>=':
      return number >= value.number;
  }
}

function isEqual(field: string | number, value: PatternValue): boolean {
  if (value.kind !== 'number') return value.expression.test(String(field));
  if (typeof field === 'number') return field === value.number;
  return NUMBER.test(field) ? Number(field) === value.number : field === value.text;
}
