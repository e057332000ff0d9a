/**
 * Directories that are filled once and then only read: each has its name only while it is whole, and
 * what a killed process or a power failure left of others goes at the next start.
 */
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Directories that are not whole yet, or not any more. */
const UNFINISHED = 'unfinished-';

export interface WholeDirectoriesOptions {
  /** Exists, and holds nothing else. */
  readonly directory: string;
  /** Remembers the host's start; may lie in `directory`. */
  readonly bootFile: string;
  /** Differs after the host has been started anew; undefined where the host does not say. */
  readonly bootId: () => Promise<string | undefined>;
}

/** Removes those that may not be whole. */
export async function removeUnfinished(options: WholeDirectoriesOptions): Promise<void> {
  const { directory, bootFile } = options;
  const current = await options.bootId();
  const last = await readFile(bootFile, 'utf8').catch(() => undefined);
  // Their files are not synced one by one: what was written before a power failure may not be whole.
  const isWhole = current !== undefined && last === current;
  for (const name of await readdir(directory)) {
    if (!isWhole || name.startsWith(UNFINISHED))
      await rm(join(directory, name), { recursive: true, force: true });
  }
  if (!isWhole && current !== undefined) await writeFile(bootFile, current);
}

/** Makes `target` by filling a directory beside it. What `fill` rejects with is passed on, and nothing stays. */
export async function madeWhole(target: string, fill: (directory: string) => Promise<void>): Promise<void> {
  const work = await mkdtemp(join(dirname(target), UNFINISHED));
  try {
    const filled = join(work, 'filled');
    await mkdir(filled);
    // Whoever runs what is in it may be another user than the server, whose umask this must not be subject to.
    await chmod(filled, 0o755);
    await fill(filled);
    await rename(filled, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Removes `target`, which loses its name first; resolves where there is none. */
export async function removeWhole(target: string): Promise<void> {
  const work = await mkdtemp(join(dirname(target), UNFINISHED));
  await rename(target, join(work, 'removed')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(work, { recursive: true, force: true });
}

export function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
