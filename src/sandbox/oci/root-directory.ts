/** The root directory that all containers of a server share: mount points and links, nothing else. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from '../filesystem/mount.ts';

/** Where something is mounted, at every environment or at some. */
const PLACES = ['dev', 'etc', 'opt', 'proc', 'tmp', 'usr', 'var/lang', 'var/runtime', 'var/task'];

/** Makes it at `directory`. Nothing in it can be changed from inside, so one serves all. */
export async function makeRootDirectory(directory: string, system: readonly Mount[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  await Promise.all(PLACES.map((place) => mkdir(join(directory, place), { recursive: true })));
  for (const mount of system) {
    if (mount.kind === 'link') await symlink(mount.source, join(directory, mount.target));
    else await mkdir(join(directory, mount.target), { recursive: true });
  }
}
