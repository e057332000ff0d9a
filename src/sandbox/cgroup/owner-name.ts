/** Names of servers' cgroups, which tell whether the server still lives. */
import { randomBytes } from 'node:crypto';
import { processNamespace, processStart } from '../process-identity.ts';

export const PREFIX = 'selfsame-';

/** `selfsame-<PID namespace>-<process>-<its start>-<random>`: one process for good, also after its number is used anew. */
export function ownerName(): string {
  return [
    `${PREFIX}${processNamespace()}`,
    process.pid,
    processStart(process.pid) ?? 0,
    randomBytes(4).toString('hex'),
  ].join('-');
}

/** Whether the server that made it has ended. Of one in another PID namespace nothing is known here. */
export function isGone(name: string): boolean {
  const [namespace, pid, start] = name.slice(PREFIX.length).split('-');
  if (namespace === undefined || pid === undefined || start === undefined) return false;
  return namespace === processNamespace() && processStart(Number(pid)) !== start;
}
