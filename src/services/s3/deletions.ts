/** Versions removed and delete markers set, by those who ask for it and by the rules of a bucket. */
import type { RemovalOutcome, WriteCondition } from '../../ports/object-table.ts';
import type { BucketRecord } from './bucket-record.ts';
import type { ObjectChange, Requester } from './object-events.ts';
import { notificationsFor } from './object-events.ts';
import type { S3Context } from './s3-context.ts';
import { nowInSeconds } from './s3-context.ts';
import { refusal, storeVersion, versionIdFor } from './stored-version.ts';

/** The digest of no bytes, which events tell of markers. */
const EMPTY_ETAG = 'd41d8cd98f00b204e9800998ecf8427e';

export interface Deletion {
  readonly key: string;
  readonly condition?: WriteCondition | undefined;
  /** What events tell of it. */
  readonly change: ObjectChange;
  readonly requester: Requester;
}

/** Resolves to what was removed, if there was such a version. Throws where the condition does not hold. */
export async function removeVersion(
  s3: S3Context,
  bucket: BucketRecord,
  { key, versionId, condition, change, requester }: Deletion & { readonly versionId: string },
): Promise<Extract<RemovalOutcome, { kind: 'removed' }>['version']> {
  const removed = { key, versionId, sequence: s3.nextSequence() };
  const notifications = notificationsFor(s3, bucket, change, removed, requester);
  const outcome = await s3.objects.remove({
    ...removed,
    bucket: bucket.name,
    notifications,
    ...(condition === undefined ? {} : { condition }),
  });
  if (outcome.kind === 'refused') throw refusal(key, true, outcome.current);
  if (outcome.version !== undefined && notifications.length > 0) s3.notify();
  await s3.contents.remove(outcome.superseded);
  return outcome.version;
}

/** Resolves to the id of the marker. Throws where the condition does not hold. */
export async function putMarker(
  s3: S3Context,
  bucket: BucketRecord,
  { key, condition, change, requester }: Deletion,
): Promise<string> {
  const version = {
    bucket: bucket.name,
    key,
    versionId: versionIdFor(s3, bucket),
    sequence: s3.nextSequence(),
    isDeleteMarker: true,
    modifiedMs: nowInSeconds(s3),
    etag: '',
    sizeBytes: 0,
    attributes: JSON.stringify({ headers: {}, metadata: {}, ownerId: bucket.accountId }),
    settings: '{}',
    content: [],
  };
  const { sequence, versionId } = version;
  const told = { key, versionId, sequence, etag: EMPTY_ETAG };
  await storeVersion(s3, {
    version,
    ...(condition === undefined ? {} : { condition }),
    notifications: notificationsFor(s3, bucket, change, told, requester),
  });
  return versionId;
}
