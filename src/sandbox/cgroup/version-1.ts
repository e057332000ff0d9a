/** Version 1: a hierarchy of directories per controller. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cgroup, CgroupLimits, CgroupParent } from './cgroup.ts';
import { CPU_PERIOD_US, cpuQuotaUs } from './cgroup.ts';
import {
  figure,
  isWritten,
  killIn,
  makeDirectories,
  onlyFigure,
  removeDirectories,
  setWhereThere,
} from './directories.ts';

export const V1_CONTROLLERS = ['memory', 'cpu', 'pids', 'freezer'] as const;
export type V1Controller = (typeof V1_CONTROLLERS)[number];

/** Where this server's groups go, by controller; one that the host lacks is absent. Two may be one directory. */
export type V1Directories = Readonly<Partial<Record<V1Controller, string>>>;

const FROZEN = 'FROZEN';
const THAWED = 'THAWED';

/** Lets go what stands still, or it could not end. */
export function thawV1(directory: string): void {
  const state = join(directory, 'freezer.state');
  if (existsSync(state)) isWritten(state, THAWED);
}

export class V1Parent implements CgroupParent {
  readonly version = 1;
  readonly missing: readonly string[];
  private readonly directories: V1Directories;

  /** The directories exist and are this server's own. */
  constructor(directories: V1Directories, missing: readonly string[]) {
    this.directories = directories;
    this.missing = missing;
  }

  create(name: string, limits: CgroupLimits): Cgroup {
    const directories: Partial<Record<V1Controller, string>> = {};
    for (const controller of V1_CONTROLLERS) {
      const parent = this.directories[controller];
      if (parent !== undefined) directories[controller] = join(parent, name);
    }
    const cgroup = new V1Cgroup(directories);
    makeDirectories([...new Set(Object.values(directories))], () => {
      const { memory, cpu, pids } = directories;
      if (memory !== undefined) {
        writeFileSync(join(memory, 'memory.limit_in_bytes'), String(limits.memoryBytes));
        // Memory and swap together: nothing of a function is swapped out.
        setWhereThere(join(memory, 'memory.memsw.limit_in_bytes'), String(limits.memoryBytes));
      }
      if (pids !== undefined) writeFileSync(join(pids, 'pids.max'), String(limits.processes));
      if (cpu !== undefined) writeFileSync(join(cpu, 'cpu.cfs_period_us'), String(CPU_PERIOD_US));
      cgroup.setCpus(limits.cpus);
    });
    return cgroup;
  }

  async close(): Promise<void> {
    await removeDirectories([...new Set(Object.values(this.directories))], thawV1);
  }
}

class V1Cgroup implements Cgroup {
  readonly entrances: readonly string[];
  private readonly directories: V1Directories;

  constructor(directories: V1Directories) {
    this.directories = directories;
    // A shell has one thread, and the kernel lets a thread move itself without the lock that moving a process takes:
    // the first to take that one waits 15 ms for all processors (measured; kernel/cgroup/cgroup.c, cgroup_procs_write_start).
    this.entrances = this.each.map((directory) => join(directory, 'tasks'));
  }

  setCpus(cpus: number): void {
    const { cpu } = this.directories;
    // The kernel refuses more than the groups above have, which then hold this one too.
    if (cpu !== undefined) isWritten(join(cpu, 'cpu.cfs_quota_us'), String(cpuQuotaUs(cpus)));
  }

  memoryUsage(): number {
    const { memory } = this.directories;
    return memory === undefined ? 0 : onlyFigure(join(memory, 'memory.usage_in_bytes'));
  }

  allocatedMemory(): number {
    const { memory } = this.directories;
    return memory === undefined ? 0 : figure(join(memory, 'memory.stat'), 'total_rss');
  }

  residentMemory(): number {
    const { memory } = this.directories;
    return memory === undefined ? 0 : figure(join(memory, 'memory.stat'), 'total_rss', 'total_mapped_file');
  }

  outOfMemoryKills(): number {
    const { memory } = this.directories;
    return memory === undefined ? 0 : figure(join(memory, 'memory.oom_control'), 'oom_kill');
  }

  freeze(): boolean {
    const { freezer } = this.directories;
    return freezer !== undefined && isWritten(join(freezer, 'freezer.state'), FROZEN);
  }

  thaw(): void {
    if (this.directories.freezer !== undefined) thawV1(this.directories.freezer);
  }

  kill(): void {
    this.thaw();
    for (const directory of this.each) killIn(directory);
  }

  async remove(): Promise<void> {
    await removeDirectories(this.each, thawV1);
  }

  private get each(): string[] {
    return [...new Set(Object.values(this.directories))];
  }
}
