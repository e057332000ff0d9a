/** Reads zips of function packages with yauzl; refuses what could leave its directory or never end. */
import { chmod, mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Entry, ZipFile } from 'yauzl';
import yauzl from 'yauzl';
import { PackageRejected } from '../../ports/package-store.ts';

/** More entries than any package of 250 MB has. */
const MAX_ENTRIES = 200_000;

/** Longest target of a symbolic link, bytes. Source: Linux PATH_MAX. */
const MAX_LINK_BYTES = 4_096;

const TYPE_MASK = 0o170000;
const SYMBOLIC_LINK = 0o120000;
const PERMISSIONS = 0o777;
const ENCRYPTED_FLAG = 1;

/** Reads the whole zip without writing anything; the bytes its files have unpacked. */
export async function checkZip(zip: Buffer, maxUnpackedBytes: number): Promise<number> {
  let declared = 0;
  let unpacked = 0;
  let entries = 0;
  await eachEntry(zip, async (file, entry) => {
    entries += 1;
    if (entries > MAX_ENTRIES)
      throw new PackageRejected('too-large-unpacked', `more than ${MAX_ENTRIES} entries`);
    if ((entry.generalPurposeBitFlag & ENCRYPTED_FLAG) !== 0)
      throw new PackageRejected('corrupt', `${entry.fileName} is encrypted`);
    declared += entry.uncompressedSize;
    if (declared > maxUnpackedBytes)
      throw new PackageRejected('too-large-unpacked', `more than ${maxUnpackedBytes} bytes`);
    const path = safePath(entry.fileName);
    if (entry.fileName.endsWith('/')) return;
    const stream = await file.openReadStreamPromise(entry);
    if (isLink(entry)) {
      checkLink(path, (await buffer(stream)).toString());
      return;
    }
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      // Sizes in a zip are its author's word.
      if (unpacked > maxUnpackedBytes)
        throw new PackageRejected('too-large-unpacked', `more than ${maxUnpackedBytes} bytes`);
    }
  });
  if (entries === 0) throw new PackageRejected('empty', 'the zip has no entries');
  return unpacked;
}

/** Writes a zip that was checked before below `root`. Links come last, so that no file is written through one. */
export async function extractZip(zip: Buffer, root: string): Promise<void> {
  const links: { readonly path: string; readonly target: string }[] = [];
  const made = new Set<string>();
  const makeDirectory = async (directory: string): Promise<void> => {
    if (made.has(directory)) return;
    await mkdir(directory, { recursive: true, mode: 0o755 });
    made.add(directory);
  };
  await eachEntry(zip, async (file, entry) => {
    const path = join(root, safePath(entry.fileName));
    if (entry.fileName.endsWith('/')) return makeDirectory(path);
    await makeDirectory(dirname(path));
    const stream = await file.openReadStreamPromise(entry);
    if (isLink(entry)) links.push({ path, target: (await buffer(stream)).toString() });
    else await writeEntry(path, stream, modeOf(entry));
  });
  for (const { path, target } of links) {
    checkLink(path.slice(root.length + 1), target);
    await symlink(target, path);
  }
}

async function writeEntry(path: string, content: Readable, mode: number): Promise<void> {
  const handle = await open(path, 'w', 0o644);
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) await handle.writeFile(chunk);
  } finally {
    await handle.close();
  }
  await chmod(path, mode);
}

/** Zips made without Unix attributes get what AWS gives such files: readable by all. */
function modeOf(entry: Entry): number {
  const mode = entry.externalFileAttributes >>> 16;
  return mode === 0 ? 0o644 : mode & PERMISSIONS;
}

function isLink(entry: Entry): boolean {
  return ((entry.externalFileAttributes >>> 16) & TYPE_MASK) === SYMBOLIC_LINK;
}

/** A relative path without a step upwards, or refused. */
function safePath(name: string): string {
  const normal = posix.normalize(name.replaceAll('\\', '/'));
  const isUnsafe =
    normal.startsWith('/') ||
    normal === '..' ||
    normal.startsWith('../') ||
    name.includes('\0') ||
    /^[A-Za-z]:/.test(name);
  if (isUnsafe) throw new PackageRejected('unsafe-path', `${JSON.stringify(name)} leaves the package`);
  return normal;
}

/** A link may point anywhere inside the package, and nowhere else. */
function checkLink(path: string, target: string): void {
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  const leaves = target.startsWith('/') || resolved === '..' || resolved.startsWith('../');
  if (leaves || target === '' || Buffer.byteLength(target) > MAX_LINK_BYTES) {
    throw new PackageRejected('unsafe-path', `the link ${JSON.stringify(path)} leaves the package`);
  }
}

async function eachEntry(zip: Buffer, visit: (file: ZipFile, entry: Entry) => Promise<void>): Promise<void> {
  let file: ZipFile;
  try {
    file = await yauzl.fromBufferPromise(zip, { lazyEntries: true, strictFileNames: false });
  } catch (error) {
    throw new PackageRejected('not-a-zip', (error as Error).message);
  }
  try {
    for await (const entry of file.eachEntry()) await visit(file, entry);
  } catch (error) {
    throw error instanceof PackageRejected ? error : translated(error as NodeJS.ErrnoException);
  } finally {
    file.close();
  }
}

/** Errors of the disk are not the zip's. */
function translated(error: NodeJS.ErrnoException): Error {
  return error.syscall === undefined ? new PackageRejected('corrupt', error.message) : error;
}
