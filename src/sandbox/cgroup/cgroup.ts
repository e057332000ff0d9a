/** Control groups of the Linux kernel, of either version, as far as environments need them. */

/** What a cgroup holds its processes to. */
export interface CgroupLimits {
  readonly memoryBytes: number;
  /** Processor time a second, in processors. */
  readonly cpus: number;
  /** Processes and threads together. */
  readonly processes: number;
}

/** The cgroup of one environment. Everything but `remove` takes microseconds and is done when it returns. */
export interface Cgroup {
  /** Files into which a process writes `0` to enter. */
  readonly entrances: readonly string[];
  setCpus(cpus: number): void;
  /** All memory charged now, with cached files and those of memory file systems. */
  memoryUsage(): number;
  /** What the processes have allocated for themselves, in bytes; no file counts. */
  allocatedMemory(): number;
  /** Allocated memory and the pages of files that are mapped, in bytes. */
  residentMemory(): number;
  /** How many processes the kernel has ended for want of memory. */
  outOfMemoryKills(): number;
  /** No process in it runs until `thaw`. False where it cannot. */
  freeze(): boolean;
  thaw(): void;
  /** Kills all that is in it, also what has left its session and process group. */
  kill(): void;
  /** Kills what is in it and removes it. */
  remove(): Promise<void>;
}

/** The cgroup of this server, in which those of its environments are. */
export interface CgroupParent {
  readonly version: 1 | 2;
  /** What this host cannot enforce, in words for a person; empty where all is well. */
  readonly missing: readonly string[];
  /** Throws where the kernel refuses. */
  create(name: string, limits: CgroupLimits): Cgroup;
  /** Removes all that is left. */
  close(): Promise<void>;
}

/** Period over which processor time is shared out, microseconds. Short, so that a small function stands still only briefly. */
export const CPU_PERIOD_US = 20_000;

/** The kernel refuses less than this for a period, microseconds. */
const SMALLEST_CPU_QUOTA_US = 1_000;

export function cpuQuotaUs(cpus: number): number {
  return Math.max(SMALLEST_CPU_QUOTA_US, Math.round(cpus * CPU_PERIOD_US));
}
