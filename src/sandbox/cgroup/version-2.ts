/** Version 2: one directory for all controllers. */
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

export const V2_CONTROLLERS = ['memory', 'cpu', 'pids'] as const;

/** A killed process ends here also while frozen; a group that is thawed ends sooner than one that is not. */
export function thawV2(directory: string): void {
  const state = join(directory, 'cgroup.freeze');
  if (existsSync(state)) isWritten(state, '0');
}

export class V2Parent implements CgroupParent {
  readonly version = 2;
  readonly missing: readonly string[];
  private readonly directory: string;
  private readonly controllers: readonly string[];

  /** The directory exists, is this server's own, and hands on these controllers. */
  constructor(directory: string, controllers: readonly string[], missing: readonly string[]) {
    this.directory = directory;
    this.controllers = controllers;
    this.missing = missing;
  }

  create(name: string, limits: CgroupLimits): Cgroup {
    const directory = join(this.directory, name);
    const cgroup = new V2Cgroup(directory, this.controllers);
    makeDirectories([directory], () => {
      if (this.controllers.includes('memory')) {
        writeFileSync(join(directory, 'memory.max'), String(limits.memoryBytes));
        setWhereThere(join(directory, 'memory.swap.max'), '0');
        // An environment that has lost one of its processes is of no use: all of them end together.
        setWhereThere(join(directory, 'memory.oom.group'), '1');
      }
      if (this.controllers.includes('pids'))
        writeFileSync(join(directory, 'pids.max'), String(limits.processes));
      cgroup.setCpus(limits.cpus);
    });
    return cgroup;
  }

  async close(): Promise<void> {
    await removeDirectories([this.directory], thawV2);
  }
}

class V2Cgroup implements Cgroup {
  readonly entrances: readonly string[];
  private readonly directory: string;
  private readonly controllers: readonly string[];

  constructor(directory: string, controllers: readonly string[]) {
    this.directory = directory;
    this.controllers = controllers;
    this.entrances = [join(directory, 'cgroup.procs')];
  }

  setCpus(cpus: number): void {
    if (!this.controllers.includes('cpu')) return;
    isWritten(join(this.directory, 'cpu.max'), `${cpuQuotaUs(cpus)} ${CPU_PERIOD_US}`);
  }

  memoryUsage(): number {
    if (!this.controllers.includes('memory')) return 0;
    return onlyFigure(join(this.directory, 'memory.current'));
  }

  allocatedMemory(): number {
    return this.memoryFigure('memory.stat', 'anon');
  }

  residentMemory(): number {
    return this.memoryFigure('memory.stat', 'anon', 'file_mapped');
  }

  outOfMemoryKills(): number {
    return this.memoryFigure('memory.events', 'oom_kill');
  }

  freeze(): boolean {
    return isWritten(join(this.directory, 'cgroup.freeze'), '1');
  }

  thaw(): void {
    thawV2(this.directory);
  }

  kill(): void {
    killIn(this.directory);
    this.thaw();
  }

  async remove(): Promise<void> {
    await removeDirectories([this.directory], thawV2);
  }

  private memoryFigure(file: string, ...names: readonly string[]): number {
    return this.controllers.includes('memory') ? figure(join(this.directory, file), ...names) : 0;
  }
}
