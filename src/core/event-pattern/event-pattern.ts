/**
 * The pattern language of EventBridge, which SNS, Pipes and event source mappings use as well: which JSON
 * events a JSON pattern lets through. Source: EventBridge user guide, "Event patterns" and "Comparison operators".
 */
import { comparable } from '../exact-json.ts';
import type { ValueTest } from './value-test.ts';
import { valueTest } from './value-test.ts';

/** A pattern that is none; the message says why, in EventBridge's words where they are recorded. */
export class EventPatternError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EventPatternError';
  }
}

export type EventPattern = (event: unknown) => boolean;

type Json = Readonly<Record<string, unknown>>;

/** Patterns deeper than this are refused before they are built; AWS lets fewer levels through. */
const MAX_DEPTH = 100;

/** Throws `EventPatternError` for what is no pattern. */
export function parseEventPattern(text: string): EventPattern {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EventPatternError('The pattern is not valid JSON.');
  }
  if (!isObject(value)) throw new EventPatternError('The pattern is not a JSON object.');
  return eventPattern(value);
}

export function eventPattern(pattern: Json): EventPattern {
  if (Object.keys(pattern).length === 0) throw new EventPatternError('The pattern is empty.');
  return objectPattern(pattern, 0);
}

function objectPattern(pattern: Json, depth: number): EventPattern {
  if (depth > MAX_DEPTH) throw new EventPatternError('The pattern is nested too deeply.');
  const fields = Object.entries(pattern).map(([name, value]) =>
    name === '$or' && isOrList(value) ? anyOf(value, depth) : fieldPattern(name, value, depth),
  );
  return (event) => fields.every((field) => field(event));
}

/** `$or` is an operator where its list has two objects or more; else it is a field of that name. */
function isOrList(value: unknown): value is readonly Json[] {
  return Array.isArray(value) && value.length > 1 && value.every(isObject);
}

function anyOf(alternatives: readonly Json[], depth: number): EventPattern {
  const patterns = alternatives.map((alternative) => objectPattern(alternative, depth + 1));
  return (event) => patterns.some((pattern) => pattern(event));
}

function fieldPattern(name: string, value: unknown, depth: number): EventPattern {
  if (Array.isArray(value)) {
    if (value.length === 0) throw new EventPatternError('Empty arrays are not allowed');
    const tests = value.map((item) => valueTest(item, (message) => new EventPatternError(message)));
    return (event) => leafMatches(tests, member(event, name));
  }
  if (!isObject(value)) {
    throw new EventPatternError(`"${name}" must be an object or an array`);
  }
  if (Object.keys(value).length === 0) throw new EventPatternError(`The pattern of "${name}" is empty.`);
  const inner = objectPattern(value, depth + 1);
  return (event) => innerMatches(inner, member(event, name));
}

/** Of a list in the event, any element will do; an empty list is as good as no field. */
function leafMatches(tests: readonly ValueTest[], held: unknown): boolean {
  const values = flattened(held);
  return tests.some(({ matches, absent }) =>
    values.length === 0 ? absent : values.some((value) => !isObject(value) && matches(value)),
  );
}

/** Objects within a list are looked at one by one; a field that is not there may still be asked to be absent. */
function innerMatches(inner: EventPattern, held: unknown): boolean {
  const objects = flattened(held).filter(isObject);
  return objects.length === 0 ? inner({}) : objects.some((object) => inner(object));
}

function member(event: unknown, name: string): unknown {
  return isObject(event) && Object.hasOwn(event, name) ? event[name] : undefined;
}

function flattened(held: unknown): readonly unknown[] {
  if (held === undefined) return [];
  return (Array.isArray(held) ? held.flat(Number.POSITIVE_INFINITY) : [held]).map(comparable);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
