import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../core/errors.ts';

/** A file or link of a package, on its way into the zip. */
export type PackageFile = { readonly path: string; readonly mode: number } & (
  | { readonly kind: 'file'; readonly source: string }
  | { readonly kind: 'content'; readonly content: Uint8Array }
  | { readonly kind: 'link'; readonly target: string }
);

/** Never part of a function: history, caches, and environments that belong to this machine. */
const LEFT_OUT = new Set(['.git', '__pycache__', '.venv']);

/** Every file and link below, sorted, with modes; links are kept as links. */
export async function folderFiles(
  directory: string,
  leftOut: ReadonlySet<string> = new Set(),
  prefix = '',
): Promise<PackageFile[]> {
  const files: PackageFile[] = [];
  for (const name of (await readdir(join(directory, prefix))).sort()) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    if (LEFT_OUT.has(name) || leftOut.has(path)) continue;
    const source = join(directory, path);
    const { mode, ...status } = await statusOf(source);
    if (status.isDirectory) files.push(...(await folderFiles(directory, leftOut, path)));
    else if (status.isLink) files.push({ kind: 'link', path, mode, target: await readlink(source) });
    else if (status.isFile) files.push({ kind: 'file', path, mode, source });
    else
      throw new PlatformError(`${source} is no file, folder or symbolic link.`, 'Move it out of the folder.');
  }
  return files;
}

async function statusOf(path: string) {
  const status = await lstat(path);
  return {
    mode: status.mode,
    isDirectory: status.isDirectory(),
    isLink: status.isSymbolicLink(),
    isFile: status.isFile(),
  };
}
