import { readFile } from 'node:fs/promises';

const KIB = 1024;

/** Highest resident memory of a process and its descendants so far, in bytes; 0 where /proc is not there. */
export async function processTreeMemory(pid: number): Promise<number> {
  let total = 0;
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const status = await readFile(`/proc/${next}/status`, 'utf8').catch(() => '');
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status);
    if (peak !== null) total += Number(peak[1]) * KIB;
    const children = await readFile(`/proc/${next}/task/${next}/children`, 'utf8').catch(() => '');
    for (const child of children.split(' ')) if (child !== '') waiting.push(Number(child));
  }
  return total;
}
