import type { PutObjectCommandInput, PutObjectCommandOutput } from '@aws-sdk/client-s3';
import type { NewVersion } from '../../ports/object-table.ts';
import type { RequestContext } from '../../ports/service.ts';
import { checkObjectGrants } from './access-control-operations.ts';
import type { BucketRecord } from './bucket-record.ts';
import { expirationMember } from './lifecycle-rules.ts';
import type { ObjectAttributes, ObjectSettings } from './object-attributes.ts';
import { checkedMetadata, checkedStorageClass, checkKey, contentHeaders } from './object-attributes.ts';
import type { StoredBody } from './object-body.ts';
import { checkAnnounced, storeBody } from './object-body.ts';
import { askedChecksum, checksumMembers } from './object-checksum.ts';
import type { ObjectChange } from './object-events.ts';
import { notificationsFor, requesterOf } from './object-events.ts';
import { tagsOfHeader } from './object-tags.ts';
import { quoted, writeCondition } from './preconditions.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf, nowInSeconds } from './s3-context.ts';
import { newVersionMember, storeVersion, versionIdFor } from './stored-version.ts';
import { refuseUnimplementedSettings } from './unimplemented.ts';

const PUT = { name: 'ObjectCreated:Put', reason: 'PutObject' } as const;

export function putObjectOperation(s3: S3Context): Required<Pick<S3Operations, 'PutObject'>> {
  return {
    PutObject: (input, caller) => putObject(s3, input, caller, PUT),
  };
}

/** Puts an object; `change` is what events tell of it. */
export async function putObject(
  s3: S3Context,
  input: PutObjectCommandInput,
  caller: RequestContext,
  change: ObjectChange,
): Promise<Omit<PutObjectCommandOutput, '$metadata'>> {
  const bucket = bucketOf(s3, input);
  const key = checkKey(input.Key);
  refuseUnimplementedSettings('PutObject', input);
  checkObjectGrants(input);
  const condition = writeCondition(input.IfMatch, input.IfNoneMatch);
  const checksum = askedChecksum('PutObject', input, caller);
  const settings = newSettings(input);
  checkAnnounced(caller);
  const chosen = newAttributes('PutObject', input, caller);
  const body = await storeBody(s3, input.Body, { checksum, md5: input.ContentMD5 });
  const told = { algorithm: checksum.algorithm, value: body.checksum, type: 'FULL_OBJECT' } as const;
  const version = {
    ...newObject(s3, bucket, key, body, { ...chosen, checksum: told }),
    settings: JSON.stringify(settings),
  };
  await storeVersion(s3, {
    version,
    ...(condition === undefined ? {} : { condition }),
    notifications: notificationsFor(s3, bucket, change, version, requesterOf(caller)),
  });
  return {
    ETag: quoted(version.etag),
    ...checksumMembers(told),
    ...newVersionMember(version),
    ...expirationMember(bucket.lifecycle?.rules, { ...version, isLatest: true }),
  };
}

/** What may be changed of it later. */
export function newSettings({ Tagging }: { readonly Tagging?: string | undefined }): ObjectSettings {
  const tags = tagsOfHeader(Tagging);
  return tags.length === 0 ? {} : { tags };
}

/** What a request chooses of an object but its bytes. Throws where that cannot be. */
export function newAttributes(
  operation: string,
  input: Pick<PutObjectCommandInput, 'Metadata' | 'StorageClass'>,
  caller: RequestContext,
): ObjectAttributes {
  return {
    headers: contentHeaders(input),
    metadata: checkedMetadata(input),
    ...checkedStorageClass(operation, input),
    ownerId: caller.accountId,
  };
}

export function newObject(
  s3: S3Context,
  bucket: BucketRecord,
  key: string,
  body: Pick<StoredBody, 'content' | 'sizeBytes'> & { readonly md5: string },
  attributes: ObjectAttributes,
): NewVersion {
  return {
    bucket: bucket.name,
    key,
    versionId: versionIdFor(s3, bucket),
    sequence: s3.nextSequence(),
    isDeleteMarker: false,
    modifiedMs: nowInSeconds(s3),
    etag: body.md5,
    sizeBytes: body.sizeBytes,
    attributes: JSON.stringify(attributes),
    settings: '{}',
    content: body.content,
  };
}
