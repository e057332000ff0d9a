import { readFile } from 'node:fs/promises';

const KIB = 1024;

/** The tree of processes is looked up again when it is older than this, milliseconds. */
const TREE_AGE_MS = 1_000;

/** Measures the memory of a process and its descendants, where /proc is there. */
export class ProcessTreeMemory {
  private readonly root: number;
  private processes: readonly number[] = [];
  private lookedUpAtMs = Number.NEGATIVE_INFINITY;

  constructor(root: number) {
    this.root = root;
  }

  /** Highest resident memory so far, in bytes; 0 where it cannot be read. `nowMs` is monotonic. */
  async peakBytes(nowMs: number): Promise<number> {
    if (nowMs - this.lookedUpAtMs > TREE_AGE_MS) {
      this.lookedUpAtMs = nowMs;
      this.processes = await tree(this.root);
    }
    const peaks = await Promise.all(this.processes.map(peakOf));
    return peaks.reduce((sum, peak) => sum + peak, 0);
  }
}

async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * KIB;
}

async function tree(root: number): Promise<number[]> {
  const found: number[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    found.push(pid);
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '');
    for (const child of children.split(' ')) if (child !== '') waiting.push(Number(child));
  }
  return found;
}
