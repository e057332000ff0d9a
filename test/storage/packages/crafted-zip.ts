/** Zips byte by byte, for those that no zip library would write. Source: APPNOTE.TXT, 4.3 to 4.5. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface CraftedEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** Unix mode with its type, for example `0o120777` for a link; 0 where the zip says nothing. */
  readonly mode?: number;
  readonly deflate?: boolean;
  readonly encrypted?: boolean;
  /** Sizes and checksum stand behind the content, as streaming writers put them. */
  readonly descriptor?: boolean;
  /** Sizes and offset stand in the ZIP64 field. */
  readonly zip64?: boolean;
  /** What the zip says instead of the truth. */
  readonly saidBytes?: number;
  readonly saidCrc32?: number;
}

const UNIX = 3;
const VERSION = 45;
const ENCRYPTED = 0x1;
const DESCRIPTOR = 0x8;
const UTF8 = 0x800;
const IN_ZIP64 = 0xffffffff;

export function craftedZip(entries: readonly CraftedEntry[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = written(entry, offset);
    locals.push(local);
    centrals.push(central);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

function written(entry: CraftedEntry, offset: number): { readonly local: Buffer; readonly central: Buffer } {
  const name = Buffer.from(entry.name);
  const plain = Buffer.from((entry.content ?? '') as string);
  const packed = entry.deflate === true ? deflateRawSync(plain) : plain;
  const facts: Facts = {
    flags: UTF8 | (entry.encrypted === true ? ENCRYPTED : 0) | (entry.descriptor === true ? DESCRIPTOR : 0),
    method: entry.deflate === true ? 8 : 0,
    crc32: entry.saidCrc32 ?? crc32(plain),
    packedBytes: packed.length,
    plainBytes: entry.saidBytes ?? plain.length,
  };
  const late = entry.descriptor === true;
  const header = common(late ? { ...facts, crc32: 0, packedBytes: 0, plainBytes: 0 } : facts, name, 0);
  const local = [word(0x04034b50), header, name, packed];
  if (late)
    local.push(Buffer.concat([0x08074b50, facts.crc32, facts.packedBytes, facts.plainBytes].map(word)));

  const extra = entry.zip64 === true ? zip64Field(facts, offset) : Buffer.alloc(0);
  const shown = entry.zip64 === true ? { ...facts, packedBytes: IN_ZIP64, plainBytes: IN_ZIP64 } : facts;
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
  tail.writeUInt32LE(entry.zip64 === true ? IN_ZIP64 : offset, 10);
  const madeBy = Buffer.from([VERSION, entry.mode === 0 ? 0 : UNIX]);
  const central = [word(0x02014b50), madeBy, common(shown, name, extra.length), tail, name, extra];
  return { local: Buffer.concat(local), central: Buffer.concat(central) };
}

interface Facts {
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly packedBytes: number;
  readonly plainBytes: number;
}

/** The fields that both headers have in the same order. */
function common(facts: Facts, name: Buffer, extraBytes: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(VERSION, 0);
  fields.writeUInt16LE(facts.flags, 2);
  fields.writeUInt16LE(facts.method, 4);
  fields.writeUInt32LE(facts.crc32, 10);
  fields.writeUInt32LE(facts.packedBytes, 14);
  fields.writeUInt32LE(facts.plainBytes, 18);
  fields.writeUInt16LE(name.length, 22);
  fields.writeUInt16LE(extraBytes, 24);
  return fields;
}

function zip64Field(facts: Facts, offset: number): Buffer {
  const field = Buffer.alloc(28);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(24, 2);
  field.writeBigUInt64LE(BigInt(facts.plainBytes), 4);
  field.writeBigUInt64LE(BigInt(facts.packedBytes), 12);
  field.writeBigUInt64LE(BigInt(offset), 20);
  return field;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
