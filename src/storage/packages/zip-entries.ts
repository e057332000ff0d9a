/** The entries of a zip: what each is, its mode, and its content, checked against the zip's own words. */
import { crc32, inflateRawSync } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import yauzl from 'yauzl';
import { PackageRejected } from '../../ports/package-store.ts';
import type { EntryKind } from './package-tree.ts';

const TYPE_MASK = 0o170000;
const SYMBOLIC_LINK = 0o120000;
const DIRECTORY = 0o040000;
const PERMISSIONS = 0o777;

const ENCRYPTED_FLAG = 1;
const STORED = 0;
const DEFLATED = 8;

/** The fixed part of the header before each entry's content. Source: APPNOTE.TXT, 4.3.7. */
const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30, nameLengthAt: 26, extraLengthAt: 28 } as const;

/** A larger file is inflated piece by piece: unpacked bytes held at once. */
const WHOLE_BYTES = 4 * 1024 * 1024;

/** What zips made without Unix attributes get: readable by all. */
const DEFAULT_MODE = 0o644;

/** Words of yauzl for paths that it refuses itself. */
const UNSAFE_PATH = /^(?:absolute path|invalid relative path|invalid characters in fileName)/;

export interface ZipEntry {
  readonly name: string;
  readonly kind: EntryKind;
  /** Permissions only: no file of a package runs as somebody else. */
  readonly mode: number;
  /** As the zip says it; content of another size is refused. */
  readonly unpackedBytes: number;
  /** Throws `PackageRejected` where size or checksum are not those that the zip gives. */
  content(): AsyncIterable<Uint8Array>;
}

/** Visits entries in the zip's order; rejects with `PackageRejected` for a zip that cannot be read. */
export async function eachEntry(zip: Buffer, visit: (entry: ZipEntry) => Promise<void>): Promise<void> {
  let file: ZipFile;
  try {
    file = await yauzl.fromBufferPromise(zip, { lazyEntries: true, strictFileNames: false });
  } catch (error) {
    throw new PackageRejected('not-a-zip', (error as Error).message);
  }
  try {
    for await (const entry of file.eachEntry()) await visit(described(zip, file, entry));
  } catch (error) {
    throw error instanceof PackageRejected ? error : translated(error as NodeJS.ErrnoException);
  } finally {
    file.close();
  }
}

function described(zip: Buffer, file: ZipFile, entry: Entry): ZipEntry {
  if ((entry.generalPurposeBitFlag & ENCRYPTED_FLAG) !== 0)
    throw new PackageRejected('corrupt', `${entry.fileName} is encrypted`);
  const attributes = entry.externalFileAttributes >>> 16;
  return {
    name: entry.fileName,
    kind: kindOf(entry.fileName, attributes & TYPE_MASK),
    mode: attributes === 0 ? DEFAULT_MODE : attributes & PERMISSIONS,
    unpackedBytes: entry.uncompressedSize,
    content: () => content(zip, file, entry),
  };
}

function kindOf(name: string, type: number): EntryKind {
  if (name.endsWith('/') || type === DIRECTORY) return 'directory';
  return type === SYMBOLIC_LINK ? 'link' : 'file';
}

async function* content(zip: Buffer, file: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  let sum = 0;
  if (entry.uncompressedSize <= WHOLE_BYTES) {
    const whole = inflated(zip, entry);
    sum = crc32(whole);
    yield whole;
  } else {
    for await (const chunk of (await file.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum);
      yield chunk;
    }
  }
  if (sum !== entry.crc32)
    throw new PackageRejected(
      'corrupt',
      `${entry.fileName} does not have the checksum that the zip gives it`,
    );
}

/** In one go, which for the many small files of a package is ten times as fast as a stream each. */
function inflated(zip: Buffer, entry: Entry): Buffer {
  const packed = packedContent(zip, entry);
  let whole: Buffer;
  if (entry.compressionMethod === STORED) whole = packed;
  else if (entry.compressionMethod === DEFLATED) {
    // One byte more than it may have shows that it has more; zlib wants at least one.
    whole = inflateRawSync(packed, { maxOutputLength: entry.uncompressedSize + 1 });
  } else {
    throw new PackageRejected('corrupt', `${entry.fileName}: compression method ${entry.compressionMethod}`);
  }
  if (whole.length !== entry.uncompressedSize)
    throw new PackageRejected('corrupt', `${entry.fileName} does not have the size that the zip gives it`);
  return whole;
}

function packedContent(zip: Buffer, entry: Entry): Buffer {
  const header = entry.relativeOffsetOfLocalHeader;
  if (header + LOCAL_HEADER.bytes > zip.length || zip.readUInt32LE(header) !== LOCAL_HEADER.signature)
    throw new PackageRejected('corrupt', `${entry.fileName} is not where the zip says`);
  const start =
    header +
    LOCAL_HEADER.bytes +
    zip.readUInt16LE(header + LOCAL_HEADER.nameLengthAt) +
    zip.readUInt16LE(header + LOCAL_HEADER.extraLengthAt);
  if (start + entry.compressedSize > zip.length)
    throw new PackageRejected('corrupt', `${entry.fileName} is cut off`);
  return zip.subarray(start, start + entry.compressedSize);
}

/** Errors of the disk are not the zip's. */
function translated(error: NodeJS.ErrnoException): Error {
  if (error.syscall !== undefined) return error;
  return new PackageRejected(UNSAFE_PATH.test(error.message) ? 'unsafe-path' : 'corrupt', error.message);
}
