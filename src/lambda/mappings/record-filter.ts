/** FilterCriteria: which records of a source reach the function. */
import type { EventPattern } from '../../core/event-pattern/event-pattern.ts';
import { EventPatternError, parseEventPattern } from '../../core/event-pattern/event-pattern.ts';
import type { SourceRecord } from '../../ports/event-source.ts';
import { invalidParameter } from '../control/lambda-errors.ts';

/** True for what passes; without filters everything does. Throws AWS's error for a pattern that is none. */
export function recordFilter(filters: readonly string[] | undefined): (record: SourceRecord) => boolean {
  if (filters === undefined || filters.length === 0) return () => true;
  const patterns = filters.map(parsed);
  return ({ record }) => {
    const event = { ...record, body: parsedBody(record['body']) };
    return patterns.some((pattern) => pattern(event));
  };
}

function parsed(filter: string): EventPattern {
  try {
    return parseEventPattern(filter);
  } catch (error) {
    // Recorded, for every kind of mistake.
    if (error instanceof EventPatternError) throw invalidParameter('Invalid filter pattern definition.');
    throw error;
  }
}

/** A body that is JSON is looked into; any other is a string. */
function parsedBody(body: unknown): unknown {
  if (typeof body !== 'string' || !/^\s*[{[]/.test(body)) return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
