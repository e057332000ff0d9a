/**
 * What notifications say. Sources: user guide, "Event message structure" and "Event message structure for Amazon
 * EventBridge"; recorded answers of queues.
 */
import type { NewNotification, ObjectVersion } from '../../ports/object-table.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { BucketRecord } from './bucket-record.ts';
import { bucketArn } from './bucket-record.ts';
import type { NotificationRule } from './notification-rules.ts';
import { matchesRule } from './notification-rules.ts';
import type { S3Context } from './s3-context.ts';
import { ownerId } from './s3-context.ts';

/** What has happened to an object: the name of the event, and the reason that EventBridge is told. */
export interface ObjectChange {
  readonly name:
    | 'ObjectCreated:Put'
    | 'ObjectCreated:Post'
    | 'ObjectCreated:Copy'
    | 'ObjectCreated:CompleteMultipartUpload'
    | 'ObjectRemoved:Delete'
    | 'ObjectRemoved:DeleteMarkerCreated'
    | 'LifecycleExpiration:Delete'
    | 'LifecycleExpiration:DeleteMarkerCreated';
  readonly reason:
    | 'PutObject'
    | 'POST Object'
    | 'CopyObject'
    | 'CompleteMultipartUpload'
    | 'DeleteObject'
    | 'Lifecycle Expiration';
}

/** Who has asked for a change. */
export interface Requester {
  readonly requestId: string;
  /** An account, or S3 itself. */
  readonly requester: string;
  readonly principalId?: string;
}

export type ChangedObject = Pick<ObjectVersion, 'key' | 'versionId' | 'sequence'> &
  Partial<Pick<ObjectVersion, 'etag' | 'sizeBytes'>>;

/** Whom to deliver to, and for whom; kept with the notification. */
export interface NotificationTarget {
  readonly arn: string;
  readonly bucketArn: string;
  readonly accountId: string;
}

export function notificationsFor(
  s3: S3Context,
  bucket: BucketRecord,
  change: ObjectChange,
  object: ChangedObject,
  requester: Requester,
): readonly NewNotification[] {
  const { rules, toEventBridge } = bucket.notifications ?? { rules: [], toEventBridge: false };
  const matching = rules.filter((rule) => matchesRule(rule, change.name, object.key));
  const dueMs = s3.clock.now();
  const found = matching.map((rule) => ({
    target: targetText(bucket, rule.arn),
    body: JSON.stringify({ Records: [eventRecord(s3, bucket, rule, change, object, requester)] }),
    dueMs,
  }));
  if (!toEventBridge) return found;
  const bus = `arn:aws:events:${bucket.region}:${bucket.accountId}:event-bus/default`;
  const body = JSON.stringify(bridgeEvent(s3, bucket, change, object, requester));
  return [...found, { target: targetText(bucket, bus), body, dueMs }];
}

function targetText(bucket: BucketRecord, arn: string): string {
  const { accountId } = bucket;
  const target: NotificationTarget = { arn, bucketArn: bucketArn(bucket.name), accountId };
  return JSON.stringify(target);
}

function eventRecord(
  { clock }: S3Context,
  bucket: BucketRecord,
  rule: NotificationRule,
  { name }: ObjectChange,
  object: ChangedObject,
  requester: Requester,
): object {
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: bucket.region,
    eventTime: new Date(clock.now()).toISOString(),
    eventName: name,
    userIdentity: { principalId: requester.principalId ?? requester.requester },
    requestParameters: { sourceIPAddress: SOURCE_ADDRESS },
    responseElements: { 'x-amz-request-id': requester.requestId, 'x-amz-id-2': requester.requestId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: rule.id,
      bucket: {
        name: bucket.name,
        ownerIdentity: { principalId: ownerId(bucket.accountId) },
        arn: bucketArn(bucket.name),
      },
      object: {
        // As forms encode: a space is a plus sign.
        key: encodedKey(object.key),
        ...(object.sizeBytes === undefined ? {} : { size: object.sizeBytes }),
        ...(object.etag === undefined ? {} : { eTag: object.etag }),
        ...(object.versionId === 'null' ? {} : { versionId: object.versionId }),
        sequencer: sequencer(object),
      },
    },
  };
}

function bridgeEvent(
  { clock, ids }: S3Context,
  bucket: BucketRecord,
  { name, reason }: ObjectChange,
  object: ChangedObject,
  requester: Requester,
): object {
  const isRemoval = !name.startsWith('ObjectCreated');
  const marker = name.endsWith(':DeleteMarkerCreated');
  return {
    version: '0',
    id: ids.uuid(),
    'detail-type': isRemoval ? 'Object Deleted' : 'Object Created',
    source: 'aws.s3',
    account: bucket.accountId,
    time: new Date(Math.floor(clock.now() / 1000) * 1000).toISOString().replace('.000Z', 'Z'),
    region: bucket.region,
    resources: [bucketArn(bucket.name)],
    detail: {
      version: '0',
      bucket: { name: bucket.name },
      object: {
        key: object.key,
        ...(object.sizeBytes === undefined ? {} : { size: object.sizeBytes }),
        ...(object.etag === undefined ? {} : { etag: object.etag }),
        ...(object.versionId === 'null' ? {} : { 'version-id': object.versionId }),
        sequencer: sequencer(object),
      },
      'request-id': requester.requestId,
      requester: requester.requester,
      'source-ip-address': SOURCE_ADDRESS,
      reason,
      ...(isRemoval ? { 'deletion-type': marker ? 'Delete Marker Created' : 'Permanently Deleted' } : {}),
    },
  };
}

/** Operations are not told where their callers are; those of a server on loopback are all there. */
const SOURCE_ADDRESS = '127.0.0.1';

export function requesterOf({ requestId, accountId, identity }: RequestContext): Requester {
  return { requestId, requester: accountId, principalId: `AWS:${identity?.principal.userId ?? accountId}` };
}

/** Hexadecimal digits that grow with every change of a key, always as many. */
function sequencer({ sequence }: ChangedObject): string {
  return sequence.toString(16).toUpperCase().padStart(18, '0');
}

function encodedKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}
