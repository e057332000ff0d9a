/** A package's files in a directory that a running sandbox shows already. */
import { link, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A larger package takes longer to link than a sandbox takes to start. */
const MAX_LINKED_FILES = 500;

interface TreeEntry {
  /** Below the root. */
  readonly path: string;
  readonly kind: 'directory' | 'file' | 'link';
}

/**
 * Hard-links every file below `from` to its place below `to`, which exists and is empty: no byte is copied, and no
 * mount is made, which would need root. False, with nothing done, for a package of too many files.
 */
export async function linkTree(from: string, to: string): Promise<boolean> {
  const entries = await entriesBelow(from);
  if (entries === undefined) return false;
  for (const { path, kind } of entries) {
    if (kind === 'directory') await mkdir(join(to, path), { mode: (await stat(join(from, path))).mode });
  }
  await Promise.all(
    entries.map(async ({ path, kind }) => {
      if (kind === 'file') await link(join(from, path), join(to, path));
      if (kind === 'link') await symlink(await readlink(join(from, path)), join(to, path));
    }),
  );
  return true;
}

/** Parents before children; undefined when there are too many. */
async function entriesBelow(root: string): Promise<TreeEntry[] | undefined> {
  const found: TreeEntry[] = [];
  const directories = [''];
  for (let directory = directories.shift(); directory !== undefined; directory = directories.shift()) {
    for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) directories.push(path);
      const kind = entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'link' : 'file';
      found.push({ path, kind });
      if (found.length > MAX_LINKED_FILES) return undefined;
    }
  }
  return found;
}
