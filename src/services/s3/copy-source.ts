/** What a copy is made from: `x-amz-copy-source` and the conditions that come with it. */
import type { StoredObject } from '../../ports/object-table.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { BucketRecord } from './bucket-record.ts';
import type { ByteRange } from './byte-range.ts';
import { failedCondition } from './preconditions.ts';
import type { S3Context } from './s3-context.ts';
import { checkOwner } from './s3-context.ts';
import { invalidArgument, invalidRequest, preconditionFailed } from './s3-errors.ts';
import { findObject } from './stored-version.ts';

interface CopyInput {
  readonly CopySource?: string | undefined;
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
  readonly ExpectedSourceBucketOwner?: string | undefined;
}

export interface CopySource {
  readonly bucket: BucketRecord;
  readonly found: StoredObject;
  /** Whether a version was named. */
  readonly isVersion: boolean;
}

export async function copySource(
  s3: S3Context,
  input: CopyInput,
  caller: RequestContext,
): Promise<CopySource> {
  const { name, Key, VersionId } = namedSource(input.CopySource ?? '');
  const bucket = s3.buckets.get(name);
  checkOwner(bucket, input.ExpectedSourceBucketOwner);
  const found = await findObject(s3, bucket, { Key, VersionId }, caller, 'PUT').catch((error: unknown) => {
    // Recorded, where a version is named.
    if (error instanceof Error && error.name === 'MethodNotAllowed')
      throw invalidRequest(
        'The source of a copy request may not specifically refer to a delete marker by version id.',
      );
    throw error;
  });
  const conditions = {
    ifMatch: input.CopySourceIfMatch,
    ifNoneMatch: input.CopySourceIfNoneMatch,
    ifModifiedSince: input.CopySourceIfModifiedSince,
    ifUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
  };
  const failed = failedCondition(conditions, found, s3.clock.now());
  if (failed !== undefined) throw preconditionFailed(`x-amz-copy-source-${failed}`);
  return { bucket, found, isVersion: VersionId !== undefined };
}

/** The bytes that UploadPartCopy takes. Recorded: both ends are to be given, and to be there. */
export function copyRange(range: string | undefined, sizeBytes: number): ByteRange {
  if (range === undefined) return { start: 0, end: sizeBytes };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    const form =
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy';
    throw invalidArgument(form, 'x-amz-copy-source-range', range);
  }
  if (Number(first) >= sizeBytes)
    throw invalidRequest('The specified copy range is invalid for the source object size');
  if (Number(last) >= sizeBytes) {
    const words = `Range specified is not valid for source object of size: ${sizeBytes}`;
    throw invalidArgument(words, 'x-amz-copy-source-range', range);
  }
  return { start: Number(first), end: Number(last) + 1 };
}

/** What `x-amz-copy-source` names. Throws `InvalidArgument`. */
export function namedSource(source: string): { name: string; Key: string; VersionId: string | undefined } {
  const mark = source.lastIndexOf('?versionId=');
  const path = decoded(mark < 0 ? source : source.slice(0, mark)).replace(/^\//, '');
  const slash = path.indexOf('/');
  if (slash < 1 || slash === path.length - 1)
    throw invalidArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      'x-amz-copy-source',
      source,
    );
  const VersionId = mark < 0 ? undefined : source.slice(mark + '?versionId='.length);
  return { name: path.slice(0, slash), Key: path.slice(slash + 1), VersionId };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument('Invalid copy source encoding.', 'x-amz-copy-source', text);
  }
}
