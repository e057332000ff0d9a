/** Simple Storage Service: buckets and versions in the object table, bytes of large objects in the content store. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call } from '../../ports/call.ts';
import type { ContentStore } from '../../ports/content-store.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { Log } from '../../ports/log.ts';
import type { ObjectTable } from '../../ports/object-table.ts';
import type { Service } from '../../ports/service.ts';
import { accessControlOperations } from './access-control-operations.ts';
import { bucketOperations } from './bucket-operations.ts';
import { Buckets } from './buckets.ts';
import { completeUploadOperation } from './complete-upload.ts';
import { copyObjectOperation } from './copy-object.ts';
import { corsOperations, withCors } from './cors-operations.ts';
import { preflightEndpoint } from './cors-preflight.ts';
import { deleteOperations } from './delete-operations.ts';
import { lifecycleOperations } from './lifecycle-operations.ts';
import { LifecycleWork } from './lifecycle-work.ts';
import { listOperations } from './list-operations.ts';
import { NotificationDelivery } from './notification-delivery.ts';
import { notificationOperations } from './notification-operations.ts';
import { objectAttributesOperation } from './object-details.ts';
import { bucketIn, decidingPolicy, policyOperations } from './policy-operations.ts';
import type { AdmitForm } from './post-object.ts';
import { postEndpoint } from './post-object.ts';
import { putObjectOperation } from './put-object.ts';
import { readOperations } from './read-operations.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { tagOperations } from './tag-operations.ts';
import { uploadOperations } from './upload-operations.ts';

export interface S3Dependencies {
  readonly objects: ObjectTable;
  readonly contents: ContentStore;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly deliver: Deliver;
  readonly call: Call;
  /** Undefined where authorization is off: forms are taken whoever has signed them. */
  readonly admitForm: AdmitForm | undefined;
}

export interface S3 {
  /** Delivers what a process before has kept, and waits for what is due. To be called once the destinations are there. */
  begin(): void;
  /** Stops what is under way; the stores stay open. */
  close(): Promise<void>;
  readonly service: Service & { readonly operations: S3Operations };
}

export async function openS3(dependencies: S3Dependencies): Promise<S3> {
  const { objects, contents, clock, ids, log, deliver, call, admitForm } = dependencies;
  const notifications = new NotificationDelivery({ objects, deliver, clock, log });
  const buckets = await Buckets.open(objects);
  await contents.keepOnly(await objects.pieces());
  let sequence = objects.lastSequence;
  const context: S3Context = {
    buckets,
    objects,
    contents,
    clock,
    ids,
    notify: () => notifications.begin(),
    nextSequence: () => {
      sequence += 1;
      return sequence;
    },
  };
  const lifecycle = new LifecycleWork(context, log);
  const operations: S3Operations = withCors(buckets, {
    ...corsOperations(context),
    ...bucketOperations(context),
    ...putObjectOperation(context),
    ...readOperations(context),
    ...deleteOperations(context),
    ...listOperations(context),
    ...copyObjectOperation(context),
    ...uploadOperations(context),
    ...completeUploadOperation(context),
    ...tagOperations(context),
    ...policyOperations(context),
    ...accessControlOperations(context),
    ...objectAttributesOperation(context),
    ...notificationOperations(context, { deliver, call }),
    ...lifecycleOperations(context, lifecycle),
  });
  return {
    begin() {
      notifications.begin();
      lifecycle.begin();
    },
    async close() {
      lifecycle.close();
      await notifications.close();
    },
    service: {
      name: 's3',
      operations: operations as Service['operations'] & S3Operations,
      endpoints: [preflightEndpoint(buckets, ids), postEndpoint(context, admitForm)],
      resourcePolicy: async (arn) => decidingPolicy(buckets, arn),
      resourceOwner: (arn, action) =>
        action === 's3:CreateBucket' ? undefined : bucketIn(buckets, arn)?.accountId,
    },
  };
}
