import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/** Programs that stand around a runtime and are not to be asked to end. */
const WRAPPERS: ReadonlySet<string> = new Set(['bwrap']);

/**
 * Sends SIGTERM to the runtime itself: the child of `parent` where that is known, else the first process below `pid`,
 * or that one, which is no wrapper.
 */
export async function terminateRuntime(pid: number, parent?: number): Promise<void> {
  let runtime: number | undefined = parent === undefined ? pid : await firstChild(parent);
  while (runtime !== undefined && WRAPPERS.has(basename(await executable(runtime))))
    runtime = await firstChild(runtime);
  if (runtime === undefined) return;
  try {
    process.kill(runtime, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}

function executable(pid: number): Promise<string> {
  return readlink(`/proc/${pid}/exe`).catch(() => '');
}

async function firstChild(pid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '');
  const first = Number(children.split(' ')[0]);
  return first > 0 ? first : undefined;
}
