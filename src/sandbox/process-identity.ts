/** What names a process of this host for good: its number, when it began, and the namespace in which it has that number. */
import { readFileSync, readlinkSync } from 'node:fs';

/** Clock ticks since boot at which a process began; undefined where there is none. Source: proc(5), field 22 of stat. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before may hold anything; the third field follows its closing parenthesis.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Inode number of this process's PID namespace; `0` where that is not to be seen. */
export function processNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0];
  } catch {
    return '0';
  }
}
