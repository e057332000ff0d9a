import { createHash } from 'node:crypto';
import type { WorkClock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { ContentStore } from '../../ports/content-store.ts';
import type { ObjectTable } from '../../ports/object-table.ts';
import type { Operations } from '../../ports/service.ts';
import type { BucketRecord } from './bucket-record.ts';
import type { Buckets } from './buckets.ts';

/** What the operations share. */
export interface S3Context {
  readonly buckets: Buckets;
  readonly objects: ObjectTable;
  readonly contents: ContentStore;
  readonly clock: WorkClock;
  readonly ids: Ids;
  /** Something has been kept that is to be delivered. */
  readonly notify: () => void;
  /** The next number of a version, an upload or a part. */
  readonly nextSequence: () => number;
}

export type S3Operations = Operations<typeof import('@aws-sdk/client-s3')>;

/** Input members by which a caller says whose bucket it means. */
interface BucketInput {
  readonly Bucket?: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
}

/** The bucket a call is for. Throws `NoSuchBucket`, `AccessDenied` where it is not the expected owner's. */
export function bucketOf({ buckets }: S3Context, input: BucketInput): BucketRecord {
  const record = buckets.get(input.Bucket);
  checkOwner(record, input.ExpectedBucketOwner);
  return record;
}

export function checkOwner({ accountId }: BucketRecord, expected: string | undefined): void {
  if (expected === undefined) return;
  if (!/^\d{12}$/.test(expected)) {
    throw new AwsError(
      'InvalidBucketOwnerAWSAccountID',
      `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected}]`,
      {},
      400,
    );
  }
  if (expected !== accountId) throw new AwsError('AccessDenied', 'Access Denied', {}, 403);
}

/** AWS gives each account an id for S3, 64 hexadecimal digits, that does not tell its number. */
export function ownerId(accountId: string): string {
  return createHash('sha256').update(`s3 owner ${accountId}`).digest('hex');
}

/** A version's id as AWS's look: 32 letters, digits, dots and underscores. */
export function newVersionId({ ids }: S3Context): string {
  return Buffer.from(ids.hex(24), 'hex').toString('base64url').replaceAll('-', '.');
}

/** S3 tells times of objects in whole seconds, and compares them so. Epoch milliseconds. */
export function nowInSeconds({ clock }: S3Context): number {
  return Math.floor(clock.now() / 1000) * 1000;
}
