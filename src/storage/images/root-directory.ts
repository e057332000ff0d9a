/** What every image's root must have, so that an environment can be made of it without writing to it. */
import { chmod, lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { entrySegments, resolveDirectory } from './rooted-path.ts';

/** Where an environment mounts what is its own. Real directories: a link would lead elsewhere. */
const MOUNT_POINTS = ['proc', 'dev', 'tmp', 'opt', 'etc'];
/** Where what starts extensions comes from; AWS has its own first process there. */
const SUPERVISOR_PLACE = ['var', 'rapid'];
/** Names are resolved as the host does, whatever the image was built with. */
const HOST_FILES = ['resolv.conf', 'hosts'];

export async function completeRoot(root: string, workingDirectory: string): Promise<void> {
  for (const name of MOUNT_POINTS) await makeReal(join(root, name));
  for (const name of HOST_FILES) {
    const path = join(root, 'etc', name);
    const status = await lstat(path).catch(() => undefined);
    if (status?.isFile() === true) continue;
    await rm(path, { recursive: true, force: true });
    await writeFile(path, '');
  }
  await resolveDirectory(root, SUPERVISOR_PLACE);
  await resolveDirectory(root, entrySegments(workingDirectory));
}

async function makeReal(path: string): Promise<void> {
  const status = await lstat(path).catch(() => undefined);
  if (status?.isDirectory() === true) return;
  if (status !== undefined) await rm(path);
  await mkdir(path);
  // What `mkdir` is given is subject to the umask.
  await chmod(path, 0o755);
}
