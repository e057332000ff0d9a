/** What a server has copied or made for its environments, readable to their users whatever its umask. */
import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** To read, and to enter or run what the owner may. */
const READABLE = 0o444;
const PASSABLE = 0o111;

/** Opens a directory and all below it to everybody for reading. */
export async function makeReadable(path: string): Promise<void> {
  const status = await lstat(path);
  if (status.isSymbolicLink()) return;
  const isPassable = status.isDirectory() || (status.mode & PASSABLE) !== 0;
  const mode = status.mode | READABLE | (isPassable ? PASSABLE : 0);
  if (mode !== status.mode) await chmod(path, mode);
  if (!status.isDirectory()) return;
  await Promise.all((await readdir(path)).map((name) => makeReadable(join(path, name))));
}
