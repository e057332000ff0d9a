/** Conditional requests. Source: user guide, "Conditional requests"; the cases where two conditions meet: RFC 9110. */
import { AwsError } from '../../core/errors.ts';
import type { ObjectVersion, WriteCondition } from '../../ports/object-table.ts';
import { headerNotImplemented, preconditionFailed } from './s3-errors.ts';

export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: Date | undefined;
  readonly ifUnmodifiedSince?: Date | undefined;
}

type Found = Pick<ObjectVersion, 'etag' | 'modifiedMs'>;

/** The condition that does not hold, as it is named in answers; undefined where all do. */
export function failedCondition(conditions: Conditions, found: Found, nowMs: number): string | undefined {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, found.etag)) return 'If-Match';
  } else if (ifUnmodifiedSince !== undefined && found.modifiedMs > secondOf(ifUnmodifiedSince)) {
    return 'If-Unmodified-Since';
  }
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, found.etag) ? 'If-None-Match' : undefined;
  if (ifModifiedSince === undefined) return undefined;
  const since = secondOf(ifModifiedSince);
  // Recorded: a date in the future is passed over.
  return since <= nowMs && found.modifiedMs <= since ? 'If-Modified-Since' : undefined;
}

/** Throws `PreconditionFailed`, or the 304 of a reader who has the object already. */
export function checkRead(conditions: Conditions, found: Found, nowMs: number): void {
  const failed = failedCondition(conditions, found, nowMs);
  if (failed === undefined) return;
  if (failed === 'If-Match' || failed === 'If-Unmodified-Since') throw preconditionFailed(failed);
  throw new AwsError('NotModified', 'Not Modified', {}, 304);
}

/** Throws what S3 says of conditions it does not take with writes (recorded). */
export function writeCondition(
  ifMatch: string | undefined,
  ifNoneMatch: string | undefined,
): WriteCondition | undefined {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    const both = 'Multiple conditional request headers present in the request';
    throw headerNotImplemented('If-Match,If-None-Match', both);
  }
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== '*') throw headerNotImplemented('If-None-Match', refusedValue('If-None-Match'));
    return { ifNoneMatch: true };
  }
  if (ifMatch === undefined) return undefined;
  if (ifMatch === '*') throw headerNotImplemented('If-Match', refusedValue('If-Match'));
  return { ifMatch: unquoted(ifMatch) };
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

export function unquoted(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, '$1');
}

function matches(list: string, etag: string): boolean {
  return list.split(',').some((item) => item.trim() === '*' || unquoted(item) === etag);
}

function secondOf(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000;
}

function refusedValue(header: string): string {
  return `We don't accept the provided value of ${header} header for this API`;
}
