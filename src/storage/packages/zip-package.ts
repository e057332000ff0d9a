/**
 * Checks and extracts zips of function packages; refuses what could leave its directory or never end.
 * Blocks while it works, and so runs in a thread of its own: see `zip-thread`.
 */
import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PackageRejected } from '../../ports/package-store.ts';
import { MAX_LINK_BYTES, PackageTree } from './package-tree.ts';
import type { ZipEntry } from './zip-entries.ts';
import { eachEntry } from './zip-entries.ts';

/** More entries than any package of 250 MB has. */
const MAX_ENTRIES = 200_000;

/** Reads the whole zip without writing anything; the bytes its files have unpacked. */
export async function checkZip(zip: Buffer, maxUnpackedBytes: number): Promise<number> {
  const tree = new PackageTree();
  let unpacked = 0;
  let entries = 0;
  await eachEntry(zip, async (entry) => {
    entries += 1;
    unpacked += entry.unpackedBytes;
    if (entries > MAX_ENTRIES) throw tooLarge(`more than ${MAX_ENTRIES} entries`);
    if (unpacked > maxUnpackedBytes) throw tooLarge(`more than ${maxUnpackedBytes} bytes`);
    const path = tree.add(entry.name, entry.kind);
    if (entry.kind === 'link') tree.link(path, await linkTarget(entry));
    else if (entry.kind === 'file') for await (const _ of entry.content());
  });
  if (entries === 0) throw new PackageRejected('empty', 'the zip has no entries');
  tree.links();
  return unpacked;
}

/** Writes a zip below `root`. Links come last, so that no file is written through one. */
export async function extractZip(zip: Buffer, root: string): Promise<void> {
  const tree = new PackageTree();
  const made = new Set([root]);
  const makeDirectory = (directory: string): void => {
    if (made.has(directory)) return;
    makeDirectory(dirname(directory));
    mkdirSync(directory, { recursive: true });
    // What `mkdir` is given is subject to the umask.
    chmodSync(directory, 0o755);
    made.add(directory);
  };
  await eachEntry(zip, async (entry) => {
    const inside = tree.add(entry.name, entry.kind);
    const path = join(root, inside);
    if (entry.kind === 'directory') return makeDirectory(path);
    makeDirectory(dirname(path));
    if (entry.kind === 'link') tree.link(inside, await linkTarget(entry));
    else await writeEntry(path, entry);
  });
  for (const [path, target] of tree.links()) symlinkSync(target, join(root, path));
}

async function linkTarget(entry: ZipEntry): Promise<string> {
  if (entry.unpackedBytes > MAX_LINK_BYTES)
    throw new PackageRejected('unsafe-path', `the link ${JSON.stringify(entry.name)} is too long`);
  const pieces: Uint8Array[] = [];
  for await (const piece of entry.content()) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function writeEntry(path: string, entry: ZipEntry): Promise<void> {
  const file = openSync(path, 'w', 0o600);
  try {
    // What `open` is given is subject to the umask.
    fchmodSync(file, entry.mode);
    for await (const piece of entry.content()) {
      for (let written = 0; written < piece.length; ) written += writeSync(file, piece, written);
    }
  } finally {
    closeSync(file);
  }
}

function tooLarge(problem: string): PackageRejected {
  return new PackageRejected('too-large-unpacked', problem);
}
