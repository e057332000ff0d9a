/** Stops and resumes a process and its descendants by signals: freezing for hosts without cgroups. Linux; elsewhere its group. */
import { readFileSync } from 'node:fs';

export class ProcessTree {
  private readonly root: number;
  private stopped: readonly number[] = [];

  constructor(root: number) {
    this.root = root;
  }

  stop(): void {
    const stopped = new Set<number>();
    // One that stands still starts no more; its children may have, since the last look.
    for (let found = tree(this.root); found.some((number) => !stopped.has(number)); found = tree(this.root)) {
      for (const number of found) {
        signal(number, 'SIGSTOP');
        stopped.add(number);
      }
    }
    this.stopped = [...stopped];
  }

  resume(): void {
    // Children first: one that waits for a stopped child must not see it stopped.
    for (const number of this.stopped.toReversed()) signal(number, 'SIGCONT');
    this.stopped = [];
  }
}

function tree(root: number): number[] {
  const found: number[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    found.push(pid);
    for (const child of childrenOf(pid)) waiting.push(child);
  }
  return found;
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function signal(number: number, name: NodeJS.Signals): void {
  try {
    process.kill(number, name);
  } catch {
    // It has ended already.
  }
}
