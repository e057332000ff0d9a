/** Extracted packages laid one over the other, as AWS unpacks layers into `/opt`: what comes later wins. */
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { PackageTree } from './package-tree.ts';

/**
 * Fills `to`, which exists and is empty, from `sources` in order. Files are hard links, so that a layer
 * is on the disk once however many trees it is in. Throws `PackageRejected` where links of different
 * packages lead out of the tree together. Blocks while it works: see `zip-thread`.
 */
export function mergeTrees(sources: readonly string[], to: string): void {
  const links = new Map<string, string>();
  for (const source of sources) mergeDirectory(source, to, '', links);
  const tree = new PackageTree();
  for (const [path, target] of links) tree.link(tree.add(path, 'link'), target);
  tree.links();
}

function mergeDirectory(from: string, to: string, inside: string, links: Map<string, string>): void {
  for (const entry of readdirSync(join(from, inside), { withFileTypes: true })) {
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    const target = join(to, path);
    if (entry.isDirectory()) {
      makeDirectory(target, path, links);
      mergeDirectory(from, to, path, links);
      continue;
    }
    clear(target, path, links);
    if (!entry.isSymbolicLink()) {
      linkOrCopy(join(from, path), target);
      continue;
    }
    const leadsTo = readlinkSync(join(from, path));
    links.set(path, leadsTo);
    symlinkSync(leadsTo, target);
  }
}

/** A directory of an earlier package is added to; a file or link of one gives way, and is not followed. */
function makeDirectory(target: string, path: string, links: Map<string, string>): void {
  if (lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true) return;
  clear(target, path, links);
  mkdirSync(target);
  // What `mkdir` is given is subject to the umask.
  chmodSync(target, 0o755);
}

function clear(target: string, path: string, links: Map<string, string>): void {
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) return;
  rmSync(target, { recursive: true });
  for (const link of links.keys()) if (link === path || link.startsWith(`${path}/`)) links.delete(link);
}

/** A file can have only so many names (65,000 on ext4), and some file systems allow one alone. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EMLINK' && code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
    copyFileSync(from, to);
  }
}
