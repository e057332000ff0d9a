/** The checksum of an object in parts, from those of its parts. Source: user guide, "Checking object integrity". */
import { createHash } from 'node:crypto';
import type { ChecksumAlgorithm } from '../../core/checksums.ts';
import { checksumNamed } from '../../core/checksums.ts';
import { CRC32, CRC32C, CRC64NVME, combinedCrc } from '../../core/crc-combination.ts';
import type { ObjectPart } from './object-attributes.ts';
import type { ChecksumType, ObjectChecksum } from './object-checksum.ts';

const CRCS = { CRC32, CRC32C, CRC64NVME } as const;

/** Undefined where a part has no checksum of the algorithm. */
export function checksumOfParts(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: readonly ObjectPart[],
): ObjectChecksum | undefined {
  if (parts.some(({ checksum }) => checksum?.algorithm !== algorithm)) return undefined;
  const values = parts.map(({ checksum }) => Buffer.from(checksum!.value, 'base64'));
  if (type === 'COMPOSITE')
    return { algorithm, type, value: `${digest(algorithm, Buffer.concat(values))}-${parts.length}` };
  const kind = CRCS[algorithm as keyof typeof CRCS];
  let crc = 0n;
  parts.forEach(({ sizeBytes }, index) => {
    const next = BigInt(`0x${values[index]!.toString('hex')}`);
    crc = index === 0 ? next : combinedCrc(kind, crc, next, sizeBytes);
  });
  const hex = crc.toString(16).padStart(Number(kind.bits) / 4, '0');
  return { algorithm, type, value: Buffer.from(hex, 'hex').toString('base64') };
}

/** `<digest>-<number of parts>`. */
export function etagOfParts(etags: readonly string[]): string {
  const digests = Buffer.concat(etags.map((etag) => Buffer.from(etag, 'hex')));
  return `${createHash('md5').update(digests).digest('hex')}-${etags.length}`;
}

function digest(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const checksum = checksumNamed(algorithm);
  checksum.update(bytes);
  return checksum.value();
}
