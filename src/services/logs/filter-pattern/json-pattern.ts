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

type Condition = (document: unknown) => boolean;
/** A step from a value to those under it: a member, an element, or all of them. */
const ALL = Symbol('all');
type SelectorStep = string | number | typeof ALL;

const COMPARISON = /<=|>=|!=|=|<|>/y;
const MEMBER = /[^\s.[\]=!<>&|(){}"*]+/y;
const BARE_VALUE = /[^\s&|(){}"%]+/y;

/**
 * `{ $.level = "ERROR" && ($.ms > 500 || $.cause NOT EXISTS) }`. `&&` binds closer than `||`. An
 * event that is not JSON never matches; a comparison with a member that is not there does not hold,
 * `!=` included.
 */
export function compileJsonPattern(pattern: string): LogEventFilter {
  const scanner = new Scanner(pattern);
  scanner.take('{');
  const condition = readAlternatives(scanner);
  if (!scanner.take('}')) throw invalidPattern();
  scanner.skipSpace();
  if (!scanner.done) throw invalidPattern();
  return (message) => {
    const document = parseDocument(message);
    return document !== undefined && condition(document);
  };
}

function parseDocument(message: string): unknown {
  const start = message.trimStart().charAt(0);
  if (start !== '{' && start !== '[') return undefined;
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

function readAlternatives(scanner: Scanner): Condition {
  const alternatives = [readConjunction(scanner)];
  while (scanner.take('||')) alternatives.push(readConjunction(scanner));
  return (document) => alternatives.some((condition) => condition(document));
}

function readConjunction(scanner: Scanner): Condition {
  const conditions = [readCondition(scanner)];
  while (scanner.take('&&')) conditions.push(readCondition(scanner));
  return (document) => conditions.every((condition) => condition(document));
}

function readCondition(scanner: Scanner): Condition {
  scanner.skipSpace();
  let condition: Condition;
  if (scanner.take('(')) {
    condition = readAlternatives(scanner);
    if (!scanner.take(')')) throw invalidPattern();
  } else {
    condition = readComparison(scanner);
  }
  scanner.skipSpace();
  return condition;
}

function readComparison(scanner: Scanner): Condition {
  const steps = readSelector(scanner);
  scanner.skipSpace();
  const keyword = scanner.match(/IS\s+(?:NULL|TRUE|FALSE)|NOT\s+EXISTS|EXISTS/iy).toUpperCase();
  if (keyword.startsWith('IS')) {
    const wanted = JSON.parse(keyword.slice(2).trim().toLowerCase()) as boolean | null;
    return (document) => select(document, steps).some((value) => value === wanted);
  }
  if (keyword.startsWith('NOT')) return (document) => select(document, steps).length === 0;
  if (keyword !== '') return (document) => select(document, steps).length > 0;
  const comparison = scanner.match(COMPARISON) as Comparison | '';
  if (comparison === '') throw invalidPattern();
  scanner.skipSpace();
  const value = readValue(scanner);
  return (document) =>
    select(document, steps).some((field) => {
      if (typeof field === 'boolean') return compareField(String(field), comparison, value);
      return (
        (typeof field === 'string' || typeof field === 'number') && compareField(field, comparison, value)
      );
    });
}

function readValue(scanner: Scanner): PatternValue {
  if (scanner.take('"')) return quotedValue(scanner.until('"'));
  if (scanner.take('%')) return regexValue(scanner.until('%'));
  const text = scanner.match(BARE_VALUE);
  if (text === '') throw invalidPattern();
  return bareValue(text);
}

function readSelector(scanner: Scanner): SelectorStep[] {
  if (!scanner.take('$')) throw invalidPattern();
  const steps: SelectorStep[] = [];
  for (;;) {
    if (scanner.take('.')) {
      const member = scanner.match(MEMBER);
      if (member === '' && !scanner.take('*')) throw invalidPattern();
      steps.push(member === '' ? ALL : member);
    } else if (scanner.take('[')) {
      steps.push(readBracket(scanner));
      if (!scanner.take(']')) throw invalidPattern();
    } else {
      return steps;
    }
  }
}

function readBracket(scanner: Scanner): SelectorStep {
  if (scanner.take('*')) return ALL;
  if (scanner.take('"')) return scanner.until('"');
  if (scanner.take("'")) return scanner.until("'");
  const index = scanner.match(/\d+/y);
  if (index === '') throw invalidPattern();
  return Number(index);
}

/** The values that a selector points at; none when the path is not there. */
function select(document: unknown, steps: readonly SelectorStep[]): unknown[] {
  let values = [document];
  for (const step of steps) values = values.flatMap((value) => follow(value, step));
  return values;
}

function follow(value: unknown, step: SelectorStep): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === ALL) return Object.values(value);
  if (Array.isArray(value)) return typeof step === 'number' && step < value.length ? [value[step]] : [];
  return Object.hasOwn(value, step) ? [(value as Record<string | number, unknown>)[step]] : [];
}
