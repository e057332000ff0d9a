import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const PREFIX = 'fetching-';

const cleaned = new Map<string, Promise<void>>();

/**
 * A new folder to fetch into, on the disk where the result will be. What a server that was killed in the middle of a
 * fetch has left is removed first, once a process: later such folders are those of fetches under way.
 */
export async function fetchDirectory(runtimesDirectory: string): Promise<string> {
  let clean = cleaned.get(runtimesDirectory);
  if (clean === undefined) {
    clean = removeHalfFetches(runtimesDirectory);
    cleaned.set(runtimesDirectory, clean);
  }
  await clean;
  return mkdtemp(join(runtimesDirectory, PREFIX));
}

async function removeHalfFetches(runtimesDirectory: string): Promise<void> {
  await mkdir(runtimesDirectory, { recursive: true });
  const left = (await readdir(runtimesDirectory)).filter((name) => name.startsWith(PREFIX));
  await Promise.all(left.map((name) => rm(join(runtimesDirectory, name), { recursive: true, force: true })));
}
