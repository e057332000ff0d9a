/** Versions found and stored, in S3's words where that cannot be. */
import type { ObjectVersion, StoredObject, VersionPut } from '../../ports/object-table.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { BucketRecord } from './bucket-record.ts';
import type { S3Context } from './s3-context.ts';
import { newVersionId } from './s3-context.ts';
import {
  invalidArgument,
  markerNotAllowed,
  noSuchBucket,
  noSuchKey,
  noSuchUpload,
  noSuchVersion,
  preconditionFailed,
} from './s3-errors.ts';

const VERSION_ID = /^(null|[A-Za-z0-9._-]{32})$/;

/** Undefined for none. Throws `InvalidArgument` for what cannot be one. */
export function checkedVersionId(versionId: string | undefined): string | undefined {
  if (versionId === undefined || VERSION_ID.test(versionId)) return versionId;
  throw invalidArgument('Invalid version id specified', 'versionId', versionId);
}

export interface VersionInput {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
}

/** The object a reader means. Throws `NoSuchKey`, `NoSuchVersion`, `MethodNotAllowed` for a delete marker. */
export async function findObject(
  { objects }: S3Context,
  bucket: BucketRecord,
  input: VersionInput,
  caller: RequestContext,
  method: string,
): Promise<StoredObject> {
  const key = input.Key ?? '';
  const versionId = checkedVersionId(input.VersionId);
  const found = await objects.find(bucket.name, key, versionId);
  if (found === undefined) throw versionId === undefined ? noSuchKey(key) : noSuchVersion(key, versionId);
  if (!found.isDeleteMarker) return found;
  caller.answerHeaders['x-amz-delete-marker'] = 'true';
  caller.answerHeaders['x-amz-version-id'] = found.versionId;
  throw versionId === undefined ? noSuchKey(key) : markerNotAllowed(method);
}

/** The member that tells a version, which objects of a bucket without versions do not have. */
export function versionMember(
  bucket: BucketRecord,
  { versionId }: Pick<ObjectVersion, 'versionId'>,
): { VersionId?: string } {
  return bucket.versioning === undefined ? {} : { VersionId: versionId };
}

/** The member that tells the id of what has just been written: there is none while versions are suspended. */
export function newVersionMember({ versionId }: Pick<ObjectVersion, 'versionId'>): { VersionId?: string } {
  return versionId === 'null' ? {} : { VersionId: versionId };
}

export function versionIdFor(s3: S3Context, bucket: BucketRecord): string {
  return bucket.versioning === 'Enabled' ? newVersionId(s3) : 'null';
}

/** Stores a version; what it takes the place of is gone then. Throws `PreconditionFailed` and the like. */
export async function storeVersion(s3: S3Context, put: VersionPut): Promise<void> {
  const { objects, contents } = s3;
  const { version, condition, upload } = put;
  const outcome = await objects.put(put).catch(async (error: unknown) => {
    await contents.remove(piecesOf(put));
    throw error;
  });
  switch (outcome.kind) {
    case 'stored':
      if ((put.notifications ?? []).length > 0) s3.notify();
      await contents.remove(outcome.superseded);
      return;
    case 'no-bucket':
      await contents.remove(piecesOf(put));
      throw noSuchBucket(version.bucket);
    case 'no-upload':
      throw noSuchUpload(upload!.uploadId);
    case 'refused':
      await contents.remove(piecesOf(put));
      throw refusal(version.key, condition!.ifMatch !== undefined, outcome.current);
  }
}

/** Recorded: what does not exist does not match, but is told as missing. */
export function refusal(key: string, isMatch: boolean, current: ObjectVersion | undefined): Error {
  if (isMatch && (current === undefined || current.isDeleteMarker)) return noSuchKey(key);
  return preconditionFailed(isMatch ? 'If-Match' : 'If-None-Match');
}

/** Of a version that is not stored after all; the parts of an upload stay with it. */
function piecesOf({ version: { content }, upload }: VersionPut): number[] {
  if (upload !== undefined || content instanceof Uint8Array) return [];
  return content.map(({ id }) => id);
}
