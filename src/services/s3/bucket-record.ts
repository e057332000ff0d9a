import type { CORSRule } from '@aws-sdk/client-s3';
import type { Lifecycle } from './lifecycle-rules.ts';
import type { BucketNotifications } from './notification-rules.ts';
import type { ObjectTag } from './object-attributes.ts';

export interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean;
  readonly IgnorePublicAcls: boolean;
  readonly BlockPublicPolicy: boolean;
  readonly RestrictPublicBuckets: boolean;
}

/** What is kept of a bucket. */
export interface BucketRecord {
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  /** Service time, epoch milliseconds. */
  readonly createdMs: number;
  /** Absent until it is first set: versions of such a bucket have no ids. */
  readonly versioning?: 'Enabled' | 'Suspended';
  readonly notifications?: BucketNotifications;
  readonly tags?: readonly ObjectTag[];
  readonly cors?: readonly CORSRule[];
  /** As it was given. */
  readonly policy?: string;
  readonly lifecycle?: Lifecycle;
  /** `none` where it has been taken away; absent for AWS's default. */
  readonly publicAccessBlock?: PublicAccessBlock | 'none';
}

export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`;
}
