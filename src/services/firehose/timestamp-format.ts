/**
 * Patterns of Java's DateTimeFormatter, as far as they are of use in names: numbers of the date and the time, names
 * of months and days in English, and text in single quotes.
 */
import { invalidArgument } from './firehose-errors.ts';

type Fields = Readonly<Record<string, string>>;

/** Letters that stand for a field, with what each says at a length. */
const FIELDS: Readonly<Record<string, (fields: Fields, length: number) => string>> = {
  y: ({ year }, length) => (length === 2 ? year!.slice(-2) : year!.padStart(length, '0')),
  u: ({ year }, length) => (length === 2 ? year!.slice(-2) : year!.padStart(length, '0')),
  M: monthOf,
  L: monthOf,
  d: ({ day }, length) => padded(day!, length),
  D: ({ year, month, day }, length) => padded(String(dayOfYear(year!, month!, day!)), length),
  E: ({ weekday }, length) => (length < 4 ? weekday!.slice(0, 3) : weekday!),
  a: ({ hour }) => (Number(hour) < 12 ? 'AM' : 'PM'),
  H: ({ hour }, length) => padded(hour!, length),
  k: ({ hour }, length) => padded(hour === '0' ? '24' : hour!, length),
  K: ({ hour }, length) => padded(String(Number(hour) % 12), length),
  h: ({ hour }, length) => padded(String(Number(hour) % 12 || 12), length),
  m: ({ minute }, length) => padded(minute!, length),
  s: ({ second }, length) => padded(second!, length),
  S: ({ millisecond }, length) => millisecond!.padStart(3, '0').padEnd(length, '0').slice(0, length),
};

/** A run of one letter, text in quotes (two of them are one), or a character that stands for itself. */
const PART = /([A-Za-z])\1*|'((?:[^']|'')*)'|[^A-Za-z']/g;

/** Throws `InvalidArgumentException` where a letter stands for nothing known, or a quote is not closed. */
export function checkTimestampFormat(pattern: string): void {
  let end = 0;
  for (const part of pattern.matchAll(PART)) {
    const isKnown = part[1] === undefined || FIELDS[part[1]] !== undefined;
    if (part.index !== end || !isKnown) break;
    end += part[0].length;
  }
  if (end < pattern.length) {
    throw invalidArgument(`The timestamp format ${pattern} is not one that Firehose can evaluate.`);
  }
}

/** `timeZone` is a name of the IANA database. */
export function formatTimestamp(pattern: string, timeMs: number, timeZone: string): string {
  const fields = fieldsOf(timeMs, timeZone);
  return pattern.replaceAll(PART, (part: string, letter?: string, quoted?: string) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted.replaceAll("''", "'");
    return letter === undefined ? part : FIELDS[letter]!(fields, part.length);
  });
}

function fieldsOf(timeMs: number, timeZone: string): Fields {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    weekday: 'long',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = format.formatToParts(timeMs).map(({ type, value }) => [type, value.replace(/^0(?=\d)/, '')]);
  const { month } = Object.fromEntries(parts) as Fields;
  const monthName = new Intl.DateTimeFormat('en-US', { timeZone, month: 'long' }).format(timeMs);
  return { ...Object.fromEntries(parts), month: month!, monthName, millisecond: String(timeMs % 1_000) };
}

function monthOf({ month, monthName }: Fields, length: number): string {
  if (length < 3) return padded(month!, length);
  return length === 3 ? monthName!.slice(0, 3) : monthName!;
}

function padded(value: string, length: number): string {
  return value.padStart(length, '0');
}

function dayOfYear(year: string, month: string, day: string): number {
  const start = Date.UTC(Number(year), 0, 0);
  return Math.round((Date.UTC(Number(year), Number(month) - 1, Number(day)) - start) / 86_400_000);
}
