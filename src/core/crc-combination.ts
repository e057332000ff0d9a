/** The CRC of two runs of bytes in a row, from the CRC of each: what makes one of an object of those of its parts. */

export interface CrcKind {
  readonly bits: bigint;
  /** Bits reversed, as the CRCs themselves are. */
  readonly polynomial: bigint;
}

export const CRC32: CrcKind = { bits: 32n, polynomial: 0xedb88320n };
export const CRC32C: CrcKind = { bits: 32n, polynomial: 0x82f63b78n };
export const CRC64NVME: CrcKind = { bits: 64n, polynomial: 0x9a6c9329ac4bc9b5n };

/** `secondBytes` is the length of the second run. */
export function combinedCrc(kind: CrcKind, first: bigint, second: bigint, secondBytes: number): bigint {
  // The first run's CRC times x to the power of the bits behind it.
  let power = 1n << (kind.bits - 1n - 8n);
  let shift = 1n << (kind.bits - 1n);
  for (let bytes = BigInt(secondBytes); bytes > 0n; bytes >>= 1n) {
    if (bytes & 1n) shift = product(kind, shift, power);
    power = product(kind, power, power);
  }
  return product(kind, first, shift) ^ second;
}

/** Of two polynomials over GF(2), modulo that of the CRC; the highest bit is the constant term. */
function product({ bits, polynomial }: CrcKind, left: bigint, right: bigint): bigint {
  let result = 0n;
  let shifted = right;
  for (let bit = bits - 1n; bit >= 0n; bit -= 1n) {
    if ((left >> bit) & 1n) result ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
  }
  return result;
}
