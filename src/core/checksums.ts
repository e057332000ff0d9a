/** The checksums that clients send with a body (`x-amz-checksum-…`), taken piece by piece. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface Checksum {
  update(data: Uint8Array): void;
  /** Base64 of the big-endian bytes, as the header fields carry it. */
  value(): string;
}

/** As AWS names them; in header fields in small letters. */
const CHECKSUMS = {
  CRC32: () => wordChecksum((data, crc) => crc32(data, crc)),
  CRC32C: () => wordChecksum(crc32c),
  CRC64NVME: () => new Crc64Nvme(),
  SHA1: () => hashChecksum('sha1'),
  SHA256: () => hashChecksum('sha256'),
} satisfies Readonly<Record<string, () => Checksum>>;

export type ChecksumAlgorithm = keyof typeof CHECKSUMS;
export const CHECKSUM_ALGORITHMS = Object.keys(CHECKSUMS) as readonly ChecksumAlgorithm[];

export function checksumNamed(algorithm: ChecksumAlgorithm): Checksum {
  return CHECKSUMS[algorithm]();
}

export const CHECKSUM_HEADER_PREFIX = 'x-amz-checksum-';

/** The checksum of a header field such as `x-amz-checksum-crc32c`; undefined for any other name. */
export function checksumOf(header: string): Checksum | undefined {
  if (!header.startsWith(CHECKSUM_HEADER_PREFIX)) return undefined;
  const name = header.slice(CHECKSUM_HEADER_PREFIX.length);
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known.toLowerCase() === name);
  return algorithm && checksumNamed(algorithm);
}

function hashChecksum(algorithm: string): Checksum {
  const hash = createHash(algorithm);
  return { update: (data) => void hash.update(data), value: () => hash.digest('base64') };
}

function wordChecksum(next: (data: Uint8Array, crc: number) => number): Checksum {
  let crc = 0;
  return {
    update: (data) => {
      crc = next(data, crc);
    },
    value: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc >>> 0);
      return bytes.toString('base64');
    },
  };
}

/** Castagnoli's polynomial, bits reversed. */
const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ CRC32C_POLYNOMIAL : crc >>> 1;
  return crc;
});

function crc32c(data: Uint8Array, previous: number): number {
  let crc = ~previous;
  for (let index = 0; index < data.length; index += 1) {
    crc = CRC32C_TABLE[(crc ^ data[index]!) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** The polynomial of NVM Express's CRC-64, bits reversed. */
const CRC64NVME_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
/** Bytes taken at once, each through a table of its own. */
const SLICE = 8;
const CRC64_TABLES = crc64Tables();

/**
 * Each entry in two halves of 32 bits, since numbers hold no 64 and big integers are slow. Table `k` has, at
 * `k * 256`, what a byte makes of the CRC when `k` more follow.
 */
function crc64Tables(): { readonly low: Uint32Array; readonly high: Uint32Array } {
  const [low, high] = [new Uint32Array(SLICE * 256), new Uint32Array(SLICE * 256)];
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ CRC64NVME_POLYNOMIAL : crc >> 1n;
    low[byte] = Number(crc & 0xffffffffn);
    high[byte] = Number(crc >> 32n);
  }
  for (let index = 256; index < SLICE * 256; index += 1) {
    const [lower, higher] = [low[index - 256]!, high[index - 256]!];
    const byte = lower & 0xff;
    low[index] = ((lower >>> 8) | (higher << 24)) ^ low[byte]!;
    high[index] = (higher >>> 8) ^ high[byte]!;
  }
  return { low, high };
}

class Crc64Nvme implements Checksum {
  private low = 0xffffffff;
  private high = 0xffffffff;

  update(data: Uint8Array): void {
    const sliced = data.length - (data.length % SLICE);
    this.takeSlices(data, sliced);
    let { low, high } = this;
    for (let index = sliced; index < data.length; index += 1) {
      const entry = (low ^ data[index]!) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ CRC64_TABLES.low[entry]!;
      high = (high >>> 8) ^ CRC64_TABLES.high[entry]!;
    }
    this.low = low;
    this.high = high;
  }

  private takeSlices(data: Uint8Array, end: number): void {
    const { low: lows, high: highs } = CRC64_TABLES;
    let { low, high } = this;
    for (let at = 0; at < end; at += SLICE) {
      low ^= data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
      high ^= data[at + 4]! | (data[at + 5]! << 8) | (data[at + 6]! << 16) | (data[at + 7]! << 24);
      const e7 = 0x700 + (low & 0xff);
      const e6 = 0x600 + ((low >>> 8) & 0xff);
      const e5 = 0x500 + ((low >>> 16) & 0xff);
      const e4 = 0x400 + (low >>> 24);
      const e3 = 0x300 + (high & 0xff);
      const e2 = 0x200 + ((high >>> 8) & 0xff);
      const e1 = 0x100 + ((high >>> 16) & 0xff);
      const e0 = high >>> 24;
      low = lows[e7]! ^ lows[e6]! ^ lows[e5]! ^ lows[e4]! ^ lows[e3]! ^ lows[e2]! ^ lows[e1]! ^ lows[e0]!;
      high =
        highs[e7]! ^ highs[e6]! ^ highs[e5]! ^ highs[e4]! ^ highs[e3]! ^ highs[e2]! ^ highs[e1]! ^ highs[e0]!;
    }
    this.low = low;
    this.high = high;
  }

  value(): string {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(~this.high >>> 0, 0);
    bytes.writeUInt32BE(~this.low >>> 0, 4);
    return bytes.toString('base64');
  }
}
