import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { CompressionFormat } from '@aws-sdk/client-firehose';

const compressGzip = promisify(gzip);

/** How names of compressed objects end. */
const EXTENSIONS: Readonly<Partial<Record<CompressionFormat, string>>> = { GZIP: '.gz', ZIP: '.zip' };

export function extensionOf(format: CompressionFormat): string {
  return EXTENSIONS[format] ?? '';
}

/** Formats that objects are written in; the others answer `NotImplemented`. */
export function isCompressionWritten(format: CompressionFormat): boolean {
  return format === 'UNCOMPRESSED' || EXTENSIONS[format] !== undefined;
}

/** `entryName` is that of the one file in a ZIP archive. */
export async function compressed(
  format: CompressionFormat,
  data: Uint8Array,
  entryName: string,
  timeMs: number,
): Promise<Uint8Array> {
  if (format === 'GZIP') return compressGzip(data);
  if (format !== 'ZIP') return data;
  // Loaded by those who need it: few streams write archives.
  const { ZipFile } = (await import('yazl')).default;
  const archive = new ZipFile();
  archive.addBuffer(Buffer.from(data), entryName, { mtime: new Date(timeMs) });
  archive.end();
  return buffer(archive.outputStream);
}
