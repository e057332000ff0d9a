import type { LogEventFilter } from './log-event-filter.ts';
import { invalidPattern, Scanner } from './scanner.ts';
import {
  bareValue,
  type Comparison,
  compareField,
  type PatternValue,
  quotedValue,
  regexValue,
} from './value.ts';

type Condition = (field: string) => boolean;

/** A field by position; `...` stands for any number of them. */
type Column = { readonly condition: Condition } | '...';

const NAME = /[A-Za-z_][\w-]*/y;
const COMPARISON = /<=|>=|!=|=|<|>/y;
const BARE_VALUE = /[^\s,&|()\]"%]+/y;
/** A field is a word, or what stands within brackets or quotes. */
const FIELD = /\[[^\]]*\]|"[^"]*"|\S+/g;

/**
 * `[ip, user, ..., status = 4*, bytes > 1000]`: an event's fields by position. Without `...` the
 * last column takes the rest of the event; an event with fewer fields than columns does not match.
 */
export function compileColumns(pattern: string): LogEventFilter {
  const columns = readColumns(new Scanner(pattern));
  const gap = columns.indexOf('...');
  if (gap !== columns.lastIndexOf('...')) throw invalidPattern();
  const before = conditions(gap === -1 ? columns : columns.slice(0, gap));
  const after = conditions(gap === -1 ? [] : columns.slice(gap + 1));
  return (message) => {
    const fields = splitFields(message, gap === -1 ? before.length : Number.POSITIVE_INFINITY);
    if (fields.length < before.length + after.length) return false;
    const tail = fields.slice(fields.length - after.length);
    return (
      before.every((condition, index) => condition(fields[index]!)) &&
      after.every((condition, index) => condition(tail[index]!))
    );
  };
}

function conditions(columns: readonly Column[]): Condition[] {
  return columns.filter((column) => column !== '...').map((column) => column.condition);
}

function splitFields(message: string, most: number): string[] {
  const fields: string[] = [];
  for (const found of message.matchAll(FIELD)) {
    if (fields.length === most - 1) {
      const rest = message.slice(found.index).trimEnd();
      // A single field loses its brackets as any other does; a remainder stays as it is.
      fields.push(rest === found[0] ? unwrap(rest) : rest);
      break;
    }
    fields.push(unwrap(found[0]));
  }
  return fields;
}

function unwrap(field: string): string {
  return /^\[.*\]$|^".*"$/s.test(field) && field.length > 1 ? field.slice(1, -1) : field;
}

function readColumns(scanner: Scanner): Column[] {
  scanner.take('[');
  const columns: Column[] = [];
  do {
    scanner.skipSpace();
    columns.push(scanner.take('...') ? '...' : { condition: readAlternatives(scanner) });
    scanner.skipSpace();
  } while (scanner.take(','));
  if (!scanner.take(']')) throw invalidPattern();
  scanner.skipSpace();
  if (!scanner.done) throw invalidPattern();
  return columns;
}

function readAlternatives(scanner: Scanner): Condition {
  const alternatives = [readConjunction(scanner)];
  while (scanner.take('||')) alternatives.push(readConjunction(scanner));
  return (field) => alternatives.some((condition) => condition(field));
}

function readConjunction(scanner: Scanner): Condition {
  const all = [readCondition(scanner)];
  while (scanner.take('&&')) all.push(readCondition(scanner));
  return (field) => all.every((condition) => condition(field));
}

function readCondition(scanner: Scanner): Condition {
  scanner.skipSpace();
  if (scanner.take('(')) {
    const inner = readAlternatives(scanner);
    if (!scanner.take(')')) throw invalidPattern();
    scanner.skipSpace();
    return inner;
  }
  if (scanner.match(NAME) === '') throw invalidPattern();
  scanner.skipSpace();
  const comparison = scanner.match(COMPARISON) as Comparison | '';
  if (comparison === '') return () => true;
  scanner.skipSpace();
  const value = readValue(scanner);
  scanner.skipSpace();
  return (field) => compareField(field, comparison, value);
}

function readValue(scanner: Scanner): PatternValue {
  if (scanner.take('"')) return quotedValue(scanner.until('"'));
  if (scanner.take('%')) return regexValue(scanner.until('%'));
  const text = scanner.match(BARE_VALUE);
  if (text === '') throw invalidPattern();
  return bareValue(text);
}
