import type { CompletedPart, CompleteMultipartUploadCommandInput } from '@aws-sdk/client-s3';
import { CHECKSUM_ALGORITHMS } from '../../core/checksums.ts';
import { AwsError } from '../../core/errors.ts';
import type { StoredPart } from '../../ports/object-table.ts';
import type { ObjectPart } from './object-attributes.ts';
import type { ObjectChecksum } from './object-checksum.ts';
import { badChecksum, checksumMembers, checksumMismatch, DEFAULT_ALGORITHM } from './object-checksum.ts';
import { notificationsFor, requesterOf } from './object-events.ts';
import { checksumOfParts, etagOfParts } from './part-checksums.ts';
import { quoted, unquoted, writeCondition } from './preconditions.ts';
import { newObject } from './put-object.ts';
import type { S3Context, S3Operations } from './s3-context.ts';
import { bucketOf } from './s3-context.ts';
import { invalidRequest, malformedXml } from './s3-errors.ts';
import { newVersionMember, storeVersion } from './stored-version.ts';
import type { UploadAttributes } from './uploads.ts';
import { findUpload, MIN_PART_BYTES, partAttributes, uploadAttributes } from './uploads.ts';

const COMPLETED = {
  name: 'ObjectCreated:CompleteMultipartUpload',
  reason: 'CompleteMultipartUpload',
} as const;

export function completeUploadOperation(
  s3: S3Context,
): Required<Pick<S3Operations, 'CompleteMultipartUpload'>> {
  return {
    async CompleteMultipartUpload(input, caller) {
      const bucket = bucketOf(s3, input);
      const condition = writeCondition(input.IfMatch, input.IfNoneMatch);
      const upload = await findUpload(s3, input);
      const attributes = uploadAttributes(upload);
      const parts = chosenParts(input, await s3.objects.parts(upload.uploadId));
      const described = parts.map(describedPart);
      const checksum = objectChecksum(attributes, input, described);
      const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
      checkSize(input.MpuObjectSize, sizeBytes);
      const content = parts.map(({ piece }) => piece);
      const md5 = etagOfParts(parts.map(({ etag }) => etag));
      const version = newObject(
        s3,
        bucket,
        upload.key,
        { content, sizeBytes, md5 },
        {
          ...attributes.object,
          ...(checksum === undefined ? {} : { checksum }),
          parts: described,
        },
      );
      await storeVersion(s3, {
        version: { ...version, settings: JSON.stringify(attributes.settings) },
        notifications: notificationsFor(s3, bucket, COMPLETED, version, requesterOf(caller)),
        ...(condition === undefined ? {} : { condition }),
        upload: { uploadId: upload.uploadId, partSequences: parts.map(({ sequence }) => sequence) },
      });
      return {
        Location: `${caller.origin}/${bucket.name}/${encodeURIComponent(upload.key)}`,
        Bucket: bucket.name,
        Key: upload.key,
        ETag: quoted(version.etag),
        ...checksumMembers(checksum),
        ...newVersionMember(version),
      };
    },
  };
}

/** The parts that are named, in order. Throws as recorded for those that are not there, unordered or too small. */
function chosenParts(
  input: CompleteMultipartUploadCommandInput,
  stored: readonly StoredPart[],
): readonly StoredPart[] {
  if (input.MultipartUpload === undefined) throw invalidRequest('You must specify at least one part');
  const { Parts: named = [] } = input.MultipartUpload;
  if (named.length === 0) throw malformedXml();
  const byNumber = new Map(stored.map((part) => [part.partNumber, part]));
  let before = 0;
  const chosen = named.map((name) => {
    const number = name.PartNumber ?? 0;
    if (number <= before) throw unordered(input.UploadId!);
    before = number;
    const part = byNumber.get(number);
    if (part === undefined || unquoted(name.ETag ?? '') !== part.etag)
      throw invalidPart(name, input.UploadId!);
    checkPartChecksum(name, part, input.UploadId!);
    return part;
  });
  for (const part of chosen.slice(0, -1)) if (part.sizeBytes < MIN_PART_BYTES) throw tooSmall(part);
  return chosen;
}

function checkPartChecksum(name: CompletedPart, part: StoredPart, uploadId: string): void {
  const { checksum } = partAttributes(part);
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const given = name[`Checksum${algorithm}`];
    if (given === undefined) continue;
    if (algorithm !== checksum.algorithm) throw invalidPart(name, uploadId);
    if (given !== checksum.value) {
      const words = `The ${algorithm.toLowerCase()} you specified for part ${part.partNumber} did not match what we received.`;
      throw new AwsError('BadDigest', words, {}, 400);
    }
  }
}

function describedPart(part: StoredPart): ObjectPart {
  const { partNumber, sizeBytes } = part;
  return { partNumber, sizeBytes, checksum: partAttributes(part).checksum };
}

function objectChecksum(
  { checksum: chosen }: UploadAttributes,
  input: CompleteMultipartUploadCommandInput,
  parts: readonly ObjectPart[],
): ObjectChecksum | undefined {
  if (input.ChecksumType !== undefined && input.ChecksumType !== chosen?.type) {
    throw invalidRequest(
      `The upload was created using the ${chosen?.type ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const { algorithm, type } = chosen ?? ({ algorithm: DEFAULT_ALGORITHM, type: 'FULL_OBJECT' } as const);
  const checksum = checksumOfParts(algorithm, type, parts);
  const other = CHECKSUM_ALGORITHMS.find(
    (name) => name !== algorithm && input[`Checksum${name}`] !== undefined,
  );
  if (chosen !== undefined && other !== undefined) throw checksumMismatch(algorithm, other);
  const given = input[`Checksum${algorithm}`];
  if (given !== undefined && checksum !== undefined && given !== checksum.value) throw badChecksum(algorithm);
  return checksum;
}

function checkSize(given: number | undefined, sizeBytes: number): void {
  if (given === undefined || Number(given) === sizeBytes) return;
  throw invalidRequest(
    `The provided 'x-amz-mp-object-size' header value ${given} does not match what was computed: ${sizeBytes}`,
  );
}

function unordered(uploadId: string): AwsError {
  return new AwsError(
    'InvalidPartOrder',
    'The list of parts was not in ascending order. Parts must be ordered by part number.',
    { UploadId: uploadId },
    400,
  );
}

function invalidPart({ PartNumber, ETag = '' }: CompletedPart, uploadId: string): AwsError {
  return new AwsError(
    'InvalidPart',
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { UploadId: uploadId, PartNumber, ETag: unquoted(ETag) },
    400,
  );
}

function tooSmall({ partNumber, etag, sizeBytes }: StoredPart): AwsError {
  return new AwsError(
    'EntityTooSmall',
    'Your proposed upload is smaller than the minimum allowed size',
    { ProposedSize: sizeBytes, MinSizeAllowed: MIN_PART_BYTES, PartNumber: partNumber, ETag: etag },
    400,
  );
}
