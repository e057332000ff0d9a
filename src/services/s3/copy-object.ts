import type { CopyObjectCommandInput } from '@aws-sdk/client-s3';
import type { ChecksumAlgorithm } from '../../core/checksums.ts';
import type { ObjectContent, StoredObject } from '../../ports/object-table.ts';
import type { RequestContext } from '../../ports/service.ts';
import { checkObjectGrants } from './access-control-operations.ts';
import type { CopySource } from './copy-source.ts';
import { copySource } from './copy-source.ts';
import type { ObjectAttributes } from './object-attributes.ts';
import { attributesOf, checkedStorageClass, checkKey } from './object-attributes.ts';
import type { StoredBody } from './object-body.ts';
import { MAX_BODY_BYTES, storeBody } from './object-body.ts';
import { bytesOf, whatIsThere } from './object-bytes.ts';
import { algorithmOf, checksumMembers, DEFAULT_ALGORITHM } from './object-checksum.ts';
import { notificationsFor, requesterOf } from './object-events.ts';
import { quoted, writeCondition } from './preconditions.ts';
import { newAttributes, newObject, newSettings } from './put-object.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';
import { invalidRequest } from './s3-errors.ts';
import { newVersionMember, storeVersion, versionMember } from './stored-version.ts';
import { refuseUnimplementedSettings } from './unimplemented.ts';

const COPIED = { name: 'ObjectCreated:Copy', reason: 'CopyObject' } as const;

export function copyObjectOperation(s3: S3Context): Required<Pick<S3Operations, 'CopyObject'>> {
  return {
    async CopyObject(input, caller) {
      const bucket = bucketOf(s3, input);
      const key = checkKey(input.Key);
      refuseUnimplementedSettings('CopyObject', input);
      checkObjectGrants(input);
      const condition = writeCondition(input.IfMatch, input.IfNoneMatch);
      const asked = algorithmOf(input.ChecksumAlgorithm);
      const settings = input.TaggingDirective === 'REPLACE' ? newSettings(input) : undefined;
      const { source, chosen, algorithm, body } = await whatIsThere(async () => {
        const source = await copySource(s3, input, caller);
        checkChange(input, source);
        const known = attributesOf(source.found);
        const chosen = chosenAttributes(input, known, caller);
        const algorithm = asked ?? known.checksum?.algorithm ?? DEFAULT_ALGORITHM;
        return { source, chosen, algorithm, body: await copied(s3, source.found, known, algorithm) };
      });
      const checksum = { algorithm, value: body.checksum, type: 'FULL_OBJECT' } as const;
      const version = newObject(s3, bucket, key, body, { ...chosen, checksum });
      await storeVersion(s3, {
        version: {
          ...version,
          settings: settings === undefined ? source.found.settings : JSON.stringify(settings),
        },
        notifications: notificationsFor(s3, bucket, COPIED, version, requesterOf(caller)),
        ...(condition === undefined ? {} : { condition }),
      });
      const { VersionId: sourceVersion } = versionMember(source.bucket, source.found);
      return {
        CopyObjectResult: {
          ETag: quoted(version.etag),
          LastModified: new Date(version.modifiedMs),
          ...checksumMembers(checksum),
        },
        ...newVersionMember(version),
        ...(sourceVersion === undefined ? {} : { CopySourceVersionId: sourceVersion }),
      };
    },
  };
}

/** Source: API reference of CopyObject: where a page redirects to is not copied, and may be given in any case. */
function chosenAttributes(
  input: CopyObjectCommandInput,
  known: ObjectAttributes,
  caller: RequestContext,
): ObjectAttributes {
  if (input.MetadataDirective === 'REPLACE') return newAttributes('CopyObject', input, caller);
  const { WebsiteRedirectLocation: _elsewhere, ...headers } = known.headers;
  const { WebsiteRedirectLocation } = input;
  return {
    headers: { ...headers, ...(WebsiteRedirectLocation === undefined ? {} : { WebsiteRedirectLocation }) },
    metadata: known.metadata,
    ...checkedStorageClass('CopyObject', input),
    ownerId: caller.accountId,
  };
}

/** Recorded: a copy onto itself must change something. */
function checkChange(input: CopyObjectCommandInput, { bucket, found, isVersion }: CopySource): void {
  if (found.sizeBytes > MAX_BODY_BYTES) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_BODY_BYTES}`,
    );
  }
  if (bucket.name !== input.Bucket || found.key !== input.Key || isVersion) return;
  if (input.MetadataDirective === 'REPLACE' || input.WebsiteRedirectLocation !== undefined) return;
  const { storageClass = 'STANDARD' } = attributesOf(found);
  if (input.StorageClass !== undefined && input.StorageClass !== storageClass) return;
  throw invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  );
}

/** A copy is one object, though its source came in parts: its digests are those of all bytes. */
async function copied(
  s3: S3Context,
  source: StoredObject,
  { parts, checksum }: ObjectAttributes,
  algorithm: ChecksumAlgorithm,
): Promise<StoredBody> {
  const { content, sizeBytes, etag } = source;
  const isSame = parts === undefined && checksum?.algorithm === algorithm;
  if (isSame) return { content: await linked(s3, content), sizeBytes, md5: etag, checksum: checksum.value };
  const body = await bytesOf(s3, content, { start: 0, end: sizeBytes });
  const asked = { algorithm, given: undefined, isAsked: false };
  return storeBody(s3, body, { checksum: asked, md5: undefined });
}

/** All of it, or nothing is left of what has been linked. */
async function linked({ contents }: S3Context, content: ObjectContent): Promise<ObjectContent> {
  if (content instanceof Uint8Array) return content;
  const copies = await Promise.allSettled(content.map(({ id }) => contents.copy(id)));
  const failed = copies.find((copy) => copy.status === 'rejected');
  const pieces = copies.flatMap((copy) => (copy.status === 'fulfilled' ? [copy.value] : []));
  if (failed === undefined) return pieces;
  await contents.remove(pieces.map(({ id }) => id));
  throw failed.reason;
}
