/** Bytes and texts that scenarios describe by size only: zips and strings of our own in their place. */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import yazl from 'yazl';

interface BytesOfSize {
  readonly len: number;
  readonly sha256: string;
  readonly zip: boolean;
  readonly b64?: string;
}

let fileCount = 0;

/** The same value with real content for `{"$bytes": …}`, `{"$str": …}` and files. */
export async function withContent(value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(withContent));
  if (typeof value !== 'object' || value === null) return value;
  // A file that the recorder's client was to read: packages of functions, each another.
  if ('$repr' in value && value.$repr === 'ReadFileChunk') {
    fileCount += 1;
    return storedZip(Buffer.from(`file ${fileCount}`));
  }
  if ('$bytes' in value) return bytesOf(value.$bytes as BytesOfSize);
  if ('$str' in value) {
    const { len, head } = value.$str as { len: number; head: string };
    return head.padEnd(len, '#');
  }
  const entries = Object.entries(value).map(async ([key, item]) => [key, await withContent(item)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function bytesOf({ len, sha256, zip, b64 }: BytesOfSize): Promise<Buffer> {
  if (!zip) return b64 === undefined ? Buffer.alloc(len, sha256) : Buffer.from(b64, 'base64');
  // Another hash, another content: an update with the same code is not an update with new code.
  const bare = await storedZip(Buffer.from(sha256));
  const room = len - bare.length;
  return room <= 0 ? bare : storedZip(Buffer.concat([Buffer.from(sha256), Buffer.alloc(room)]));
}

async function storedZip(content: Buffer): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  // The same bytes whenever they are made: a zip holds the time, and records say which packages are the same.
  zip.addBuffer(content, 'handler.py', { compress: false, mode: 0o100644, mtime: new Date(2026, 0) });
  zip.end();
  return buffer(zip.outputStream as Readable);
}
