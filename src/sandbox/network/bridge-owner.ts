/** Whose bridge it is: written into its alias, so that what a killed server left can be told from what is in use. */
import { readFile, readlink } from 'node:fs/promises';

/** Process number, start time and process namespace: together they name one process for good. */
export async function ownerMark(): Promise<string> {
  return `selfsame ${process.pid} ${await startTime(process.pid)} ${await processNamespace()}`;
}

/** True where the mark is that of a process of our namespace which is gone; others cannot be judged from here. */
export async function isAbandoned(mark: string | undefined): Promise<boolean> {
  const [word, pid, begun, namespace] = (mark ?? '').split(' ');
  if (word !== 'selfsame' || pid === undefined || namespace !== (await processNamespace())) return false;
  return (await startTime(Number(pid))) !== begun;
}

/** Clock ticks since boot at which a process began. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** Its inode number. */
async function processNamespace(): Promise<string | undefined> {
  return /\d+/.exec(await readlink('/proc/self/ns/pid').catch(() => ''))?.[0];
}
