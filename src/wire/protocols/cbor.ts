/** CBOR (RFC 8949) as AWS's protocols use it: both ways, over plain values. */
import { serializationError } from './serialization-error.ts';

/** A tagged value; tag 1 is a point in time, in seconds unless the protocol says otherwise. */
export class Tagged {
  readonly tag: number;
  readonly value: unknown;

  constructor(tag: number, value: unknown) {
    this.tag = tag;
    this.value = value;
  }
}

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;
const MAX_DEPTH = 200;
const INDEFINITE = -1;

export function decodeCbor(bytes: Buffer): unknown {
  const reader = new CborReader(bytes);
  const value = reader.value(0);
  if (!reader.atEnd) throw malformed('there is data after the value');
  return value;
}

class CborReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw malformed(`values are nested more than ${MAX_DEPTH} deep`);
    const initial = this.take(1).readUInt8();
    const major = initial >> 5;
    const info = initial & 31;
    if (major === MAJOR.simple) return this.simple(info);
    const length = this.argument(info);
    switch (major) {
      case MAJOR.unsigned:
        return length;
      case MAJOR.negative:
        return -1 - length;
      case MAJOR.bytes:
        return length === INDEFINITE ? Buffer.concat(this.chunks(MAJOR.bytes, depth)) : this.take(length);
      case MAJOR.text:
        return (
          length === INDEFINITE ? Buffer.concat(this.chunks(MAJOR.text, depth)) : this.take(length)
        ).toString();
      case MAJOR.array:
        return this.array(length, depth);
      case MAJOR.map:
        return this.map(length, depth);
      default:
        return new Tagged(length, this.value(depth + 1));
    }
  }

  private array(length: number, depth: number): unknown[] {
    const items: unknown[] = [];
    while (length === INDEFINITE ? !this.isBreak() : items.length < length) items.push(this.value(depth + 1));
    return items;
  }

  private map(length: number, depth: number): Record<string, unknown> {
    const entries: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (let count = 0; length === INDEFINITE ? !this.isBreak() : count < length; count += 1) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw malformed('a key is not text');
      entries[key] = this.value(depth + 1);
    }
    return entries;
  }

  private chunks(major: number, depth: number): Buffer[] {
    const chunks: Buffer[] = [];
    while (!this.isBreak()) {
      const initial = this.take(1).readUInt8();
      if (initial >> 5 !== major || depth > MAX_DEPTH) throw malformed('a chunk has another type');
      chunks.push(this.take(this.argument(initial & 31)));
    }
    return chunks;
  }

  private isBreak(): boolean {
    if (this.bytes[this.at] !== 0xff) {
      if (this.at >= this.bytes.length) throw malformed('the data ends too early');
      return false;
    }
    this.at += 1;
    return true;
  }

  private simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 23:
        return undefined;
      case 25:
        return half(this.take(2).readUInt16BE());
      case 26:
        return this.take(4).readFloatBE();
      case 27:
        return this.take(8).readDoubleBE();
      default:
        throw malformed(`the simple value ${info} is not used by AWS`);
    }
  }

  private argument(info: number): number {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.take(1).readUInt8();
      case 25:
        return this.take(2).readUInt16BE();
      case 26:
        return this.take(4).readUInt32BE();
      case 27:
        return Number(this.take(8).readBigUInt64BE());
      case 31:
        return INDEFINITE;
      default:
        throw malformed(`the additional information ${info} is reserved`);
    }
  }

  private take(length: number): Buffer {
    if (length < 0 || this.at + length > this.bytes.length) throw malformed('the data ends too early');
    const taken = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Objects become maps, `Uint8Array` bytes, `Date` tag 1; undefined members are left out. */
export function encodeCbor(value: unknown): Buffer {
  const parts: Buffer[] = [];
  write(parts, value);
  return Buffer.concat(parts);
}

function write(parts: Buffer[], value: unknown): void {
  if (value === null || value === undefined) parts.push(Buffer.from([0xf6]));
  else if (typeof value === 'boolean') parts.push(Buffer.from([value ? 0xf5 : 0xf4]));
  else if (typeof value === 'number') writeNumber(parts, value);
  else if (typeof value === 'bigint') writeNumber(parts, Number(value));
  else if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    parts.push(head(MAJOR.text, bytes.length), bytes);
  } else if (value instanceof Uint8Array) parts.push(head(MAJOR.bytes, value.byteLength), Buffer.from(value));
  else if (value instanceof Tagged) {
    parts.push(head(MAJOR.tag, value.tag));
    write(parts, value.value);
  } else if (value instanceof Date) {
    parts.push(head(MAJOR.tag, 1));
    writeNumber(parts, value.getTime() / 1_000);
  } else if (Array.isArray(value)) {
    parts.push(head(MAJOR.array, value.length));
    for (const item of value) write(parts, item);
  } else {
    const entries = Object.entries(value as object).filter(([, held]) => held !== undefined);
    parts.push(head(MAJOR.map, entries.length));
    for (const [key, held] of entries) {
      write(parts, key);
      write(parts, held);
    }
  }
}

function writeNumber(parts: Buffer[], value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    parts.push(value >= 0 ? head(MAJOR.unsigned, value) : head(MAJOR.negative, -1 - value));
    return;
  }
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xfb;
  bytes.writeDoubleBE(value, 1);
  parts.push(bytes);
}

function head(major: number, argument: number): Buffer {
  const first = major << 5;
  if (argument < 24) return Buffer.from([first | argument]);
  if (argument < 0x100) return Buffer.from([first | 24, argument]);
  const size = argument < 0x10000 ? 2 : argument < 0x1_0000_0000 ? 4 : 8;
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = first | (size === 2 ? 25 : size === 4 ? 26 : 27);
  if (size === 8) bytes.writeBigUInt64BE(BigInt(argument), 1);
  else bytes.writeUIntBE(argument, 1, size);
  return bytes;
}

function malformed(detail: string): Error {
  return serializationError(`The request body is not CBOR: ${detail}`);
}
