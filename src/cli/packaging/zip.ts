import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { PlatformError } from '../../core/errors.ts';
import { MAX_ZIP_BYTES } from '../../lambda/control/control-limits.ts';
import type { PackageFile } from './folder-files.ts';

/** The same in every zip, so that the same files give the same bytes and the same `CodeSha256`. */
const FILE_TIME = new Date(2000, 0, 1);

/** Unix file types and permissions as zips keep them. */
const REGULAR_FILE = 0o100000;
const SYMBOLIC_LINK = 0o120777;
const PERMISSIONS = 0o777;

export async function zipFiles(files: readonly PackageFile[]): Promise<Buffer> {
  const { ZipFile } = (await import('yazl')).default;
  const zip = new ZipFile();
  const failure = new Promise<never>((_resolve, reject) => zip.on('error', reject));
  for (const file of files) {
    const options = { mtime: FILE_TIME, mode: REGULAR_FILE | (file.mode & PERMISSIONS) };
    if (file.kind === 'file') zip.addFile(file.source, file.path, options);
    else if (file.kind === 'content') zip.addBuffer(Buffer.from(file.content), file.path, options);
    else zip.addBuffer(Buffer.from(file.target), file.path, { ...options, mode: SYMBOLIC_LINK });
  }
  zip.end();
  const bytes = await Promise.race([buffer(zip.outputStream as Readable), failure]);
  if (bytes.length > MAX_ZIP_BYTES) {
    throw new PlatformError(
      `The package has ${bytes.length} bytes; sent inline it may have ${MAX_ZIP_BYTES}.`,
      'Take out what the function does not need.',
    );
  }
  return bytes;
}
