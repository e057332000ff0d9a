/** Uploads in parts: what is kept of them, and found. */

import type { ChecksumAlgorithm } from '../../core/checksums.ts';
import type { StoredPart, StoredUpload } from '../../ports/object-table.ts';
import type { ObjectAttributes, ObjectSettings } from './object-attributes.ts';
import { parsedAttributes } from './object-attributes.ts';
import type { ChecksumType, ObjectChecksum } from './object-checksum.ts';
import { algorithmOf } from './object-checksum.ts';
import type { S3Context } from './s3-context.ts';
import { invalidArgument, invalidRequest, noSuchUpload } from './s3-errors.ts';

export interface UploadAttributes {
  readonly object: ObjectAttributes;
  readonly settings: ObjectSettings;
  /** What the sender has chosen; without it the object gets the default. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType };
}

export interface PartAttributes {
  readonly checksum: ObjectChecksum;
}

/** Source: user guide, "Amazon S3 multipart upload limits". */
export const MAX_PARTS = 10_000;
export const MIN_PART_BYTES = 5 * 1024 * 1024;

interface UploadInput {
  readonly Bucket?: string | undefined;
  readonly Key?: string | undefined;
  readonly UploadId?: string | undefined;
}

/** Throws `NoSuchUpload`. */
export async function findUpload({ objects }: S3Context, input: UploadInput): Promise<StoredUpload> {
  const uploadId = input.UploadId ?? '';
  const upload = await objects.findUpload(uploadId);
  if (upload === undefined || upload.bucket !== input.Bucket || upload.key !== input.Key)
    throw noSuchUpload(uploadId);
  return upload;
}

export function uploadAttributes({ attributes }: StoredUpload): UploadAttributes {
  return parsedAttributes<UploadAttributes>(attributes);
}

export function partAttributes({ attributes }: Pick<StoredPart, 'attributes'>): PartAttributes {
  return JSON.parse(attributes) as PartAttributes;
}

export function checkPartNumber(partNumber: number | undefined): number {
  if (partNumber !== undefined && Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= MAX_PARTS)
    return partNumber;
  throw invalidArgument(
    `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`,
    'partNumber',
    partNumber,
  );
}

/** Source: API reference of ListParts and GetObjectAttributes: a page has no more, whatever is asked for. */
const MAX_LISTED_PARTS = 1000;
const MAX_INTEGER = 2 ** 31 - 1;

interface PartPageInput {
  readonly PartNumberMarker?: string | undefined;
  readonly MaxParts?: number | undefined;
}

/** A page of parts in order, with the members of an answer that say which page it is. */
export function pageOfParts<Part extends { readonly partNumber: number }>(
  parts: readonly Part[],
  { PartNumberMarker: marker = '0', MaxParts: maxParts = MAX_LISTED_PARTS }: PartPageInput,
) {
  const after = listArgument('part-number-marker', Number(marker));
  const limit = Math.min(listArgument('max-parts', maxParts), MAX_LISTED_PARTS);
  const rest = parts.filter(({ partNumber }) => partNumber > after);
  const page = rest.slice(0, limit);
  const position = {
    PartNumberMarker: String(after),
    NextPartNumberMarker: String(page.at(-1)?.partNumber ?? 0),
    MaxParts: limit,
    IsTruncated: rest.length > page.length,
  };
  return { page, position };
}

function listArgument(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_INTEGER) return value;
  throw invalidArgument(`Argument ${name} must be an integer between 0 and ${MAX_INTEGER}`, name, value);
}

const FULL_OBJECT_ONLY: readonly ChecksumAlgorithm[] = ['CRC64NVME'];
const COMPOSITE_ONLY: readonly ChecksumAlgorithm[] = ['SHA1', 'SHA256'];

/** Throws `InvalidRequest` for a type that does not go with the algorithm (recorded). */
export function chosenChecksum(
  name: string | undefined,
  type: string | undefined,
): Pick<UploadAttributes, 'checksum'> {
  const algorithm = algorithmOf(name);
  if (algorithm === undefined) {
    if (type === undefined) return {};
    throw invalidRequest(
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const wrong = type === 'COMPOSITE' ? FULL_OBJECT_ONLY : type === 'FULL_OBJECT' ? COMPOSITE_ONLY : [];
  if (wrong.includes(algorithm)) {
    const lower = algorithm.toLowerCase();
    throw invalidRequest(`The ${type} checksum type cannot be used with the ${lower} checksum algorithm.`);
  }
  const byDefault = FULL_OBJECT_ONLY.includes(algorithm) ? 'FULL_OBJECT' : 'COMPOSITE';
  return { checksum: { algorithm, type: type === undefined ? byDefault : (type as ChecksumType) } };
}
