/** Which records of a batch a function has dealt with, by what it returned. */
import type { SourceRecord } from '../ports/event-source.ts';

/**
 * The records that were processed. Source: "Reporting batch item failures for Lambda functions with an Amazon SQS
 * trigger": nothing, an empty object, an empty list or null as the list are complete success; what is no such
 * answer, names a record that was not there, or an empty one, is complete failure.
 */
export function processedRecords(records: readonly SourceRecord[], payload: Buffer): readonly SourceRecord[] {
  const failures = reportedFailures(payload);
  if (failures === undefined) return [];
  const failed = new Set(failures);
  const known = new Set(records.map(({ itemId }) => itemId));
  if ([...failed].some((itemId) => !known.has(itemId))) return [];
  return records.filter(({ itemId }) => !failed.has(itemId));
}

/** The identifiers an answer reports as failed; undefined where the answer is none that reports. */
export function reportedFailures(payload: Buffer): readonly string[] | undefined {
  const items = reportedItems(payload);
  const isNamed = (item: unknown): item is string => typeof item === 'string' && item !== '';
  return items?.every(isNamed) ? items : undefined;
}

/** As `reportedFailures`, whatever the identifiers are. */
export function reportedItems(payload: Buffer): readonly unknown[] | undefined {
  const text = payload.toString().trim();
  if (text === '' || text === 'null') return [];
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined;
  const list = (answer as { batchItemFailures?: unknown }).batchItemFailures ?? [];
  if (!Array.isArray(list)) return undefined;
  return (list as unknown[]).map((item) => (item as { itemIdentifier?: unknown } | null)?.itemIdentifier);
}
