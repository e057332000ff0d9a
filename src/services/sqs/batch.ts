import { AwsError } from '../../core/errors.ts';
import { failedEntry } from './sqs-errors.ts';

/** Source: "Amazon SQS message quotas". */
const MAX_ENTRIES = 10;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

/** The entries of a batch, checked as a whole; `shape` is the name AWS gives one. */
export function batchEntries<T extends { readonly Id: string | undefined }>(
  entries: readonly T[] | undefined,
  shape: string,
): readonly (T & { readonly Id: string })[] {
  if (entries === undefined || entries.length === 0) {
    throw new AwsError('EmptyBatchRequest', `There should be at least one ${shape} in the request.`);
  }
  if (entries.length > MAX_ENTRIES) {
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const seen = new Set<string>();
  for (const { Id: id = '' } of entries) {
    if (!ENTRY_ID.test(id)) {
      throw new AwsError(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      );
    }
    if (seen.has(id)) throw new AwsError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
    seen.add(id);
  }
  return entries as readonly (T & { readonly Id: string })[];
}

/** The answer of a batch whose entries had these outcomes; in the JSON protocol neither list is there empty. */
export function batchAnswer<T extends { readonly Id: string }>(outcomes: readonly (T | FailedEntry)[]) {
  const isFailed = (outcome: T | FailedEntry): outcome is FailedEntry => 'SenderFault' in outcome;
  const Successful = outcomes.filter((outcome): outcome is T => !isFailed(outcome));
  const Failed = outcomes.filter(isFailed);
  return {
    Successful: Successful.length > 0 ? Successful : undefined,
    Failed: Failed.length > 0 ? Failed : undefined,
  };
}

export type FailedEntry = ReturnType<typeof failedEntry>;

/** `error` is what one entry met; what is no error of AWS's is thrown on. */
export function entryOutcome<T extends object>(
  id: string,
  error: AwsError | undefined,
  success: T,
): (T & { readonly Id: string }) | FailedEntry {
  return error === undefined ? { Id: id, ...success } : failedEntry(id, error);
}
