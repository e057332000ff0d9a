/** An environment as the host sees it: its processes, whose they are, and what one of that user can do there. */
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';

/** Number of the process whose command line begins with that word. */
export async function processNamed(name: string): Promise<number> {
  for (const entry of await readdir('/proc')) {
    const command = await readFile(`/proc/${entry}/cmdline`, 'latin1').catch(() => '');
    if (command.split('\0')[0] === name) return Number(entry);
  }
  throw new Error(`There is no process ${name}.`);
}

/** A line of its status, as numbers. */
export async function statusOf(pid: number, line: 'Uid' | 'Gid' | 'Groups' | 'PPid'): Promise<number[]> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  const [, values = ''] = new RegExp(`^${line}:(.*)$`, 'm').exec(status) ?? [];
  return values.trim().split(/\s+/).filter(Boolean).map(Number);
}

/** It and its ancestors, up to the server, which is this process. */
export async function lineageOf(pid: number): Promise<number[]> {
  const lineage: number[] = [];
  for (let next = pid; next !== process.pid && next !== 0; next = (await statusOf(next, 'PPid'))[0]!)
    lineage.push(next);
  return lineage;
}

/** What a program says that a process of that user runs: `done`, or the error in its own words. `inside`: a process whose mounts it has. */
export function tried(uid: number, command: readonly string[], inside?: number): string {
  const mounts = inside === undefined ? [] : [`--mount=/proc/${inside}/ns/mnt`];
  const args = [...mounts, '--setgid', String(uid), '--setuid', String(uid), '--', ...command];
  const { status, stderr } = spawnSync('nsenter', args, { env: { ...process.env, LC_ALL: 'C' } });
  return status === 0 ? 'done' : stderr.toString().trim().split(': ').at(-1)!;
}
