/** DeleteObject and DeleteObjects: versions removed, delete markers set. */
import type { DeletedObject, _Error as FailedObject } from '@aws-sdk/client-s3';
import { AwsError } from '../../core/errors.ts';
import type { WriteCondition } from '../../ports/object-table.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { BucketRecord } from './bucket-record.ts';
import { putMarker, removeVersion } from './deletions.ts';
import { checkKey } from './object-attributes.ts';
import { requesterOf } from './object-events.ts';
import { writeCondition } from './preconditions.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';
import { headerNotImplemented, invalidArgument, malformedXml } from './s3-errors.ts';
import { checkedVersionId } from './stored-version.ts';

/** Source: API reference of DeleteObjects. */
const MAX_OBJECTS = 1000;

interface Deletion {
  readonly versionId: string | undefined;
  /** The version deleted, or the one that now says that there is no object, was a delete marker. */
  readonly isDeleteMarker: boolean;
}

export function deleteOperations(
  s3: S3Context,
): Required<Pick<S3Operations, 'DeleteObject' | 'DeleteObjects'>> {
  return {
    async DeleteObject(input, caller) {
      const bucket = bucketOf(s3, input);
      if (input.BypassGovernanceRetention === true) throw bypassNotApplicable();
      // Recorded: general purpose buckets take no other condition.
      if (input.IfMatchLastModifiedTime !== undefined)
        throw headerNotImplemented('x-amz-if-match-last-modified-time');
      if (input.IfMatchSize !== undefined) throw headerNotImplemented('x-amz-if-match-size');
      const deletion = await deleteObject(s3, bucket, caller, {
        key: checkKey(input.Key),
        versionId: input.VersionId,
        condition: writeCondition(input.IfMatch, undefined),
      });
      return {
        ...(deletion.isDeleteMarker ? { DeleteMarker: true } : {}),
        ...(deletion.versionId === undefined ? {} : { VersionId: deletion.versionId }),
      };
    },

    async DeleteObjects(input, caller) {
      const bucket = bucketOf(s3, input);
      const { Objects: asked = [], Quiet: isQuiet = false } = input.Delete ?? {};
      if (asked.length === 0 || asked.length > MAX_OBJECTS) throw malformedXml();
      const Deleted: DeletedObject[] = [];
      const Errors: FailedObject[] = [];
      await Promise.all(
        asked.map(async ({ Key, VersionId, ETag }) => {
          try {
            const condition = ETag === undefined ? undefined : writeCondition(ETag, undefined);
            const request = { key: checkKey(Key), versionId: VersionId, condition };
            const deletion = await deleteObject(s3, bucket, caller, request);
            if (!isQuiet) Deleted.push(deletedEntry(Key, VersionId, deletion));
          } catch (error) {
            Errors.push(failedEntry(Key, VersionId, error));
          }
        }),
      );
      return {
        ...(Deleted.length === 0 ? {} : { Deleted }),
        ...(Errors.length === 0 ? {} : { Errors }),
      };
    },
  };
}

interface DeletionRequest {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly condition: WriteCondition | undefined;
}

const DELETED = { name: 'ObjectRemoved:Delete', reason: 'DeleteObject' } as const;
const MARKED = { name: 'ObjectRemoved:DeleteMarkerCreated', reason: 'DeleteObject' } as const;

/** Removes a version, or puts a marker where versions are kept. */
async function deleteObject(
  s3: S3Context,
  bucket: BucketRecord,
  caller: RequestContext,
  request: DeletionRequest,
): Promise<Deletion> {
  const { key, condition } = request;
  const versionId = checkedVersionId(request.versionId);
  if (bucket.versioning === undefined && versionId !== undefined && versionId !== 'null')
    throw invalidArgument('Invalid version id specified', 'versionId', versionId);
  if (versionId === undefined && bucket.versioning !== undefined)
    return {
      // Recorded: the marker of a bucket whose versions are suspended has the id `null`, and says so.
      versionId: await putMarker(s3, bucket, {
        key,
        condition,
        change: MARKED,
        requester: requesterOf(caller),
      }),
      isDeleteMarker: true,
    };
  const version = await removeVersion(s3, bucket, {
    key,
    versionId: versionId ?? 'null',
    condition,
    change: DELETED,
    requester: requesterOf(caller),
  });
  return { versionId, isDeleteMarker: version?.isDeleteMarker === true };
}

function deletedEntry(
  key: string | undefined,
  versionId: string | undefined,
  { versionId: marker, isDeleteMarker }: Deletion,
): DeletedObject {
  return {
    Key: key,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
    ...(isDeleteMarker ? { DeleteMarker: true, DeleteMarkerVersionId: marker } : {}),
  };
}

function failedEntry(key: string | undefined, versionId: string | undefined, error: unknown): FailedObject {
  if (!(error instanceof AwsError)) throw error;
  // Recorded: here a version id that cannot be one is told as missing.
  const isVersion = error.members['ArgumentName'] === 'versionId';
  return {
    Key: key,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
    Code: isVersion ? 'NoSuchVersion' : error.code,
    Message: isVersion ? 'The specified version does not exist.' : error.message,
  };
}

function bypassNotApplicable(): AwsError {
  return new AwsError(
    'InvalidArgument',
    'x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.',
    { ArgumentName: 'x-amz-bypass-governance-retention' },
    400,
  );
}
