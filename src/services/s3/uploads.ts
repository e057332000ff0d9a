/** Uploads in parts: what is kept of them, and found. */
import type { StoredPart, StoredUpload } from '../../ports/object-table.ts';
import type { ObjectAttributes, ObjectSettings } from './object-attributes.ts';
import type { ChecksumAlgorithm, ChecksumType, ObjectChecksum } from './object-checksum.ts';
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
  return JSON.parse(attributes, (name, value: unknown) =>
    name === 'Expires' && typeof value === 'string' ? new Date(value) : value,
  ) as UploadAttributes;
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
