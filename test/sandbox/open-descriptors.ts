/** What this process has open, by which a test sees what is left of a start. */
import { readdir, readFile, readlink } from 'node:fs/promises';

/** Files and sockets, as /proc names them. */
export async function openDescriptors(): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  return Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
}

/** Sockets on which this process listens. `table` has those of one network namespace. */
export async function listening(table = '/proc/net/tcp'): Promise<number> {
  const sockets = (await readFile(table, 'latin1'))
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    // 0A: listening. Source: the kernel's include/net/tcp_states.h.
    .filter(([, , , state]) => state === '0A')
    .map(([, , , , , , , , , inode]) => `socket:[${inode}]`);
  return (await openDescriptors()).filter((target) => sockets.includes(target)).length;
}
