/** Names of servers' cgroups, which tell whether the server still lives. */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

export const PREFIX = 'selfsame-';

/** `selfsame-<PID namespace>-<process>-<its start>-<random>`: one process for good, also after its number is used anew. */
export function ownerName(): string {
  return [
    `${PREFIX}${namespaceOf()}`,
    process.pid,
    startOf(process.pid) ?? 0,
    randomBytes(4).toString('hex'),
  ].join('-');
}

/** Whether the server that made it has ended. Of one in another PID namespace nothing is known here. */
export function isGone(name: string): boolean {
  const [namespace, pid, start] = name.slice(PREFIX.length).split('-');
  if (namespace === undefined || pid === undefined || start === undefined) return false;
  return namespace === namespaceOf() && startOf(Number(pid)) !== start;
}

function namespaceOf(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0];
  } catch {
    return '0';
  }
}

/** Clock ticks since boot at which a process began. Source: proc(5), field 22 of stat. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
