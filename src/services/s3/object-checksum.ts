/** Checksums of objects: which one a request gives or asks for, and how it is told. */
import type { ChecksumAlgorithm } from '../../core/checksums.ts';
import { CHECKSUM_ALGORITHMS, CHECKSUM_HEADER_PREFIX } from '../../core/checksums.ts';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import { headerOf } from './request-header.ts';
import { invalidRequest, notImplemented } from './s3-errors.ts';

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

/** Bytes of a checksum's value. */
const VALUE_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

/** What S3 takes of an object whose sender gives none (recorded). */
export const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME';

export interface ObjectChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; of a composite one the number of parts follows. */
  readonly value: string;
  readonly type: ChecksumType;
}

export interface AskedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** What the sender says that it is; where it comes behind the body, the wire has compared it. */
  readonly given: string | undefined;
  /** Whether the sender has named the algorithm. */
  readonly isAsked: boolean;
}

export type ChecksumMember = `Checksum${ChecksumAlgorithm}`;

/** Throws `InvalidRequest` for several, for one whose value cannot be one, and for an algorithm that is not there. */
export function askedChecksum(operation: string, input: object, caller: RequestContext): AskedChecksum {
  const members = input as Readonly<Partial<Record<string, string>>>;
  refuseNewer(operation, members);
  const given = CHECKSUM_ALGORITHMS.filter((name) => members[`Checksum${name}`] !== undefined);
  if (given.length > 1) {
    throw invalidRequest(
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const [algorithm] = given;
  if (algorithm !== undefined) {
    const value = members[`Checksum${algorithm}`]!;
    checkValue(algorithm, value);
    return { algorithm, given: value, isAsked: true };
  }
  const trailer = headerOf(caller, 'x-amz-trailer')?.trim().toLowerCase();
  const inTrailer = algorithmOf(
    trailer?.startsWith(CHECKSUM_HEADER_PREFIX) ? trailer.slice(CHECKSUM_HEADER_PREFIX.length) : undefined,
  );
  const named = inTrailer ?? algorithmOf(members['ChecksumAlgorithm']);
  return { algorithm: named ?? DEFAULT_ALGORITHM, given: undefined, isAsked: named !== undefined };
}

/** Undefined where none is named. Throws `InvalidRequest` (recorded) for a name that is none. */
export function algorithmOf(name: string | undefined): ChecksumAlgorithm | undefined {
  if (name === undefined) return undefined;
  const known = CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase());
  if (known !== undefined) return known;
  throw invalidRequest(
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${CHECKSUM_ALGORITHMS.join(', ')}]`,
  );
}

/** The members of an answer that tell a checksum. */
export function checksumMembers(
  checksum: ObjectChecksum | undefined,
): Partial<Record<ChecksumMember, string>> & { ChecksumType?: ChecksumType } {
  if (checksum === undefined) return {};
  return { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type };
}

/** An upload has one algorithm from its beginning. */
export function checksumMismatch(chosen: ChecksumAlgorithm, given: ChecksumAlgorithm): Error {
  const [expected, actual] = [chosen.toLowerCase(), given.toLowerCase()];
  return invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${actual}`,
  );
}

export function badChecksum(algorithm: ChecksumAlgorithm): AwsError {
  const message = `The ${algorithm} you specified did not match the calculated checksum.`;
  return new AwsError('BadDigest', message, {}, 400);
}

function checkValue(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== VALUE_BYTES[algorithm] || bytes.toString('base64') !== value)
    throw invalidRequest(`Value for ${CHECKSUM_HEADER_PREFIX}${algorithm.toLowerCase()} header is invalid.`);
}

const NEWER = ['SHA512', 'MD5', 'XXHASH64', 'XXHASH3', 'XXHASH128'];

function refuseNewer(operation: string, members: Readonly<Partial<Record<string, string>>>): void {
  const newer = NEWER.find((name) => members[`Checksum${name}`] !== undefined);
  if (newer !== undefined) throw notImplemented(operation, `Checksum${newer}`);
}
