import type { LogEventFilter } from './log-event-filter.ts';
import { invalidPattern, Scanner } from './scanner.ts';
import { regexValue } from './value.ts';

type Matcher = (message: string) => boolean;

/**
 * Terms in free text: all of them must be contained, those after `-` must not be; `?` terms stand
 * alone, one of them suffices. Mixed with other terms AWS ignores the `?` ones.
 */
export function compileTerms(pattern: string): LogEventFilter {
  const required: Matcher[] = [];
  const optional: Matcher[] = [];
  const scanner = new Scanner(pattern);
  for (scanner.skipSpace(); !scanner.done; scanner.skipSpace()) {
    const sign = scanner.match(/[-?]?/y);
    const matches = readTerm(scanner);
    if (sign === '?') optional.push(matches);
    else required.push(sign === '-' ? (message) => !matches(message) : matches);
  }
  if (required.length > 0) return (message) => required.every((matches) => matches(message));
  return (message) => optional.length === 0 || optional.some((matches) => matches(message));
}

function readTerm(scanner: Scanner): Matcher {
  if (scanner.take('"')) {
    const phrase = scanner.until('"');
    return (message) => message.includes(phrase);
  }
  if (scanner.take('%')) {
    const { expression } = regexValue(scanner.until('%'));
    // A line keeps its end in an event; `$` means the end of the text before it.
    return (message) => expression.test(message.replace(/\r?\n$/, ''));
  }
  const term = scanner.match(/\S+/y);
  // AWS: terms with anything but letters, digits and underscores must be quoted.
  if (!/^[\p{L}\p{N}_]+$/u.test(term)) throw invalidPattern(`Invalid character(s) in term '${term}'`);
  return (message) => message.includes(term);
}
