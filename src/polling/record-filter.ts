/** FilterCriteria: which records of a source are let through. */
import { parseEventPattern } from '../core/event-pattern/event-pattern.ts';
import type { SourceRecord } from '../ports/event-source.ts';

/** True for what passes; without filters everything does. Throws `EventPatternError` for a pattern that is none. */
export function recordFilter(filters: readonly string[] | undefined): (record: SourceRecord) => boolean {
  if (filters === undefined || filters.length === 0) return () => true;
  const patterns = filters.map((filter) => parseEventPattern(filter));
  return ({ record }) => {
    const event = { ...record, body: parsedBody(record['body']) };
    return patterns.some((pattern) => pattern(event));
  };
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
