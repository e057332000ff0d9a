/** Uploads in parts, until they are completed or aborted. */

import type { ContentPiece, StoredPart, StoredUpload } from '../../ports/object-table.ts';
import { checkObjectGrants } from './access-control-operations.ts';
import { copyRange, copySource } from './copy-source.ts';
import { commonPrefixes, listRequest } from './list-operations.ts';
import { checkKey } from './object-attributes.ts';
import type { StoredBody } from './object-body.ts';
import { checkAnnounced, storePiece } from './object-body.ts';
import { bytesOf, letGo, whatIsThere } from './object-bytes.ts';
import type { AskedChecksum } from './object-checksum.ts';
import { askedChecksum, checksumMembers, checksumMismatch, DEFAULT_ALGORITHM } from './object-checksum.ts';
import { quoted } from './preconditions.ts';
import { newAttributes, newSettings } from './put-object.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf, newVersionId, nowInSeconds, ownerId } from './s3-context.ts';
import { headerNotImplemented, invalidArgument, noSuchBucket, noSuchUpload } from './s3-errors.ts';
import { versionMember } from './stored-version.ts';
import { refuseUnimplementedSettings } from './unimplemented.ts';
import {
  checkPartNumber,
  chosenChecksum,
  findUpload,
  pageOfParts,
  partAttributes,
  type UploadAttributes,
  uploadAttributes,
} from './uploads.ts';

type UploadOperations = Required<
  Pick<
    S3Operations,
    | 'CreateMultipartUpload'
    | 'UploadPart'
    | 'UploadPartCopy'
    | 'ListParts'
    | 'ListMultipartUploads'
    | 'AbortMultipartUpload'
  >
>;

export function uploadOperations(s3: S3Context): UploadOperations {
  const { objects, contents } = s3;

  const storePart = async (
    upload: StoredUpload,
    partNumber: number,
    checksum: AskedChecksum,
    body: StoredBody & { readonly piece: ContentPiece },
  ) => {
    const attributes = {
      checksum: { algorithm: checksum.algorithm, value: body.checksum, type: 'FULL_OBJECT' as const },
    };
    const part = {
      uploadId: upload.uploadId,
      partNumber,
      sequence: s3.nextSequence(),
      modifiedMs: nowInSeconds(s3),
      etag: body.md5,
      sizeBytes: body.sizeBytes,
      attributes: JSON.stringify(attributes),
      piece: body.piece,
    };
    const superseded = await objects.putPart(part).catch(async (error: unknown) => {
      await contents.remove([body.piece.id]);
      throw error;
    });
    await contents.remove(superseded ?? [body.piece.id]);
    if (superseded === undefined) throw noSuchUpload(upload.uploadId);
    return { etag: quoted(part.etag), modified: new Date(part.modifiedMs), members: partMembers(part) };
  };

  return {
    async CreateMultipartUpload(input, caller) {
      const bucket = bucketOf(s3, input);
      const key = checkKey(input.Key);
      refuseUnimplementedSettings('CreateMultipartUpload', input);
      checkObjectGrants(input);
      const attributes: UploadAttributes = {
        object: newAttributes('CreateMultipartUpload', input, caller),
        settings: newSettings(input),
        ...chosenChecksum(input.ChecksumAlgorithm, input.ChecksumType),
      };
      const uploadId = newVersionId(s3) + newVersionId(s3);
      const isStored = await objects.putUpload({
        bucket: bucket.name,
        key,
        uploadId,
        sequence: s3.nextSequence(),
        startedMs: nowInSeconds(s3),
        attributes: JSON.stringify(attributes),
      });
      if (!isStored) throw noSuchBucket(bucket.name);
      const { checksum } = attributes;
      return {
        Bucket: bucket.name,
        Key: key,
        UploadId: uploadId,
        ...(checksum === undefined
          ? {}
          : { ChecksumAlgorithm: checksum.algorithm, ChecksumType: checksum.type }),
      };
    },

    async UploadPart(input, caller) {
      bucketOf(s3, input);
      refuseUnimplementedSettings('UploadPart', input);
      const partNumber = checkPartNumber(input.PartNumber);
      checkAnnounced(caller);
      const upload = await findUpload(s3, input);
      const checksum = partChecksum(upload, askedChecksum('UploadPart', input, caller));
      const body = await storePiece(s3, input.Body, { checksum, md5: input.ContentMD5 });
      const { etag, members } = await storePart(upload, partNumber, checksum, body);
      return { ETag: etag, ...members };
    },

    async UploadPartCopy(input, caller) {
      bucketOf(s3, input);
      refuseUnimplementedSettings('UploadPartCopy', input);
      const partNumber = checkPartNumber(input.PartNumber);
      const upload = await findUpload(s3, input);
      const algorithm = uploadAttributes(upload).checksum?.algorithm ?? DEFAULT_ALGORITHM;
      const checksum = { algorithm, given: undefined, isAsked: false };
      const { bucket, found, source } = await whatIsThere(async () => {
        const { bucket, found } = await copySource(s3, input, caller);
        const range = copyRange(input.CopySourceRange, found.sizeBytes);
        return { bucket, found, source: await bytesOf(s3, found.content, range) };
      });
      const body = await storePiece(s3, source, { checksum, md5: undefined }).finally(() => letGo(source));
      const { etag, modified, members } = await storePart(upload, partNumber, checksum, body);
      const { VersionId: version } = versionMember(bucket, found);
      return {
        CopyPartResult: { ETag: etag, LastModified: modified, ...members },
        ...(version === undefined ? {} : { CopySourceVersionId: version }),
      };
    },

    async ListParts(input) {
      bucketOf(s3, input);
      const upload = await findUpload(s3, input);
      const { page, position } = pageOfParts(await objects.parts(upload.uploadId), input);
      const { object, checksum } = uploadAttributes(upload);
      const owner = { ID: ownerId(object.ownerId) };
      return {
        Bucket: upload.bucket,
        Key: upload.key,
        UploadId: upload.uploadId,
        ...position,
        ...(page.length === 0
          ? {}
          : {
              Parts: page.map((part) => ({
                PartNumber: part.partNumber,
                LastModified: new Date(part.modifiedMs),
                ETag: quoted(part.etag),
                Size: part.sizeBytes,
                // Recorded: without an algorithm of the upload there is none of its parts.
                ...(checksum === undefined ? {} : partMembers(part)),
              })),
            }),
        Initiator: owner,
        Owner: owner,
        StorageClass: (object.storageClass ?? 'STANDARD') as 'STANDARD',
        ...(checksum === undefined
          ? {}
          : { ChecksumAlgorithm: checksum.algorithm, ChecksumType: checksum.type }),
      };
    },

    async ListMultipartUploads(input) {
      const { name } = bucketOf(s3, input);
      const { KeyMarker: keyMarker = '', UploadIdMarker: idMarker = '' } = input;
      const request = listRequest({ ...input, MaxKeys: input.MaxUploads });
      const marked =
        idMarker === '' || keyMarker === '' ? undefined : await markedUpload(s3, keyMarker, idMarker);
      const page = await objects.listUploads({
        ...request.range,
        bucket: name,
        after: keyMarker,
        ...(marked === undefined ? {} : { afterSequence: marked }),
      });
      const { encode } = request;
      const { MaxKeys: MaxUploads, ...echo } = request.echo;
      const last = page.entries.at(-1);
      const Uploads = page.entries
        .filter((entry): entry is StoredUpload => typeof entry !== 'string')
        .map((upload) => listedUpload(upload, encode));
      return {
        Bucket: name,
        KeyMarker: encode(keyMarker),
        UploadIdMarker: idMarker,
        ...echo,
        MaxUploads,
        NextKeyMarker: last === undefined ? '' : encode(typeof last === 'string' ? last : last.key),
        NextUploadIdMarker: typeof last === 'object' ? last.uploadId : '',
        IsTruncated: page.isTruncated,
        ...(Uploads.length === 0 ? {} : { Uploads }),
        ...commonPrefixes(page, encode),
      };
    },

    async AbortMultipartUpload(input) {
      bucketOf(s3, input);
      // A condition that only directory buckets know.
      if (input.IfMatchInitiatedTime !== undefined)
        throw headerNotImplemented('x-amz-if-match-initiated-time');
      const upload = await findUpload(s3, input);
      const pieces = await objects.removeUpload(upload.uploadId);
      if (pieces === undefined) throw noSuchUpload(upload.uploadId);
      await contents.remove(pieces);
      return {};
    },
  };
}

const UPLOAD_ID = /^[A-Za-z0-9._]{64}$/;

/** The number of the upload after which a list goes on; of one that has ended since, all of its key are to come. */
async function markedUpload({ objects }: S3Context, key: string, uploadId: string): Promise<number> {
  const marked = await objects.findUpload(uploadId);
  if (!UPLOAD_ID.test(uploadId) || (marked !== undefined && marked.key !== key))
    throw invalidArgument('Invalid uploadId marker', 'upload-id-marker', uploadId);
  return marked?.sequence ?? 0;
}

function partMembers(part: Pick<StoredPart, 'attributes'>) {
  const { ChecksumType: _type, ...members } = checksumMembers(partAttributes(part).checksum);
  return members;
}

/** What a sender gives with a part must be what it has chosen for the upload (recorded). */
function partChecksum(upload: StoredUpload, asked: AskedChecksum): AskedChecksum {
  const chosen = uploadAttributes(upload).checksum?.algorithm;
  if (chosen === undefined || chosen === asked.algorithm) return asked;
  if (!asked.isAsked) return { ...asked, algorithm: chosen };
  throw checksumMismatch(chosen, asked.algorithm);
}

function listedUpload(upload: StoredUpload, encode: (text: string) => string) {
  const { object, checksum } = uploadAttributes(upload);
  const owner = { ID: ownerId(object.ownerId) };
  return {
    UploadId: upload.uploadId,
    Key: encode(upload.key),
    Initiated: new Date(upload.startedMs),
    StorageClass: (object.storageClass ?? 'STANDARD') as 'STANDARD',
    Owner: owner,
    Initiator: owner,
    ...(checksum === undefined ? {} : { ChecksumAlgorithm: checksum.algorithm, ChecksumType: checksum.type }),
  };
}
