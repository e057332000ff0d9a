/** What one environment is held to: Lambda's figures as the kernel's, how a process comes under them, and freezing. */
import { PlatformError } from '../../core/errors.ts';
import type { EnvironmentSpec } from '../../ports/environment.ts';
import type { Cgroup, CgroupParent } from './cgroup.ts';
import { MemoryWatch } from './memory-watch.ts';
import { ProcessTree } from './process-tree.ts';

const BYTES_PER_MB = 1024 * 1024;

/** Memory at which a function has one whole vCPU. Source: Lambda "Configure function memory". */
const MEMORY_OF_ONE_CPU_MB = 1_769;

/** Processes and threads, and file descriptors, of an environment. Source: "Lambda quotas". */
export const MAX_PROCESSES = 1_024;
export const MAX_DESCRIPTORS = 1_024;

/**
 * For what is not the function's on AWS but is charged to an environment here: page tables, socket buffers
 * and kernel stacks, and the sandbox's own two processes.
 */
export const KERNEL_MEMORY_BYTES = 16 * BYTES_PER_MB;

/** By how much the usage must have grown for another look at what it consists of. */
const USAGE_STEP_BYTES = BYTES_PER_MB;

/** Enters the cgroup and lowers the limit of descriptors, then becomes the command: one process all along. */
const ENTER = `ulimit -n ${MAX_DESCRIPTORS} || exit 126; until [ "$1" = -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; exec "$@"`;

/** What a level adds to an environment. */
export interface LevelShare {
  /** /tmp is kept in memory, which the kernel charges to the environment like any other. */
  readonly isTmpInMemory: boolean;
  /** Processes of the sandbox itself. */
  readonly ownProcesses: number;
  /** It was started ahead and has nothing of a function's until it is told whose it is. */
  readonly isAhead: boolean;
}

/** The limits that this host can enforce; without cgroups the number of descriptors alone. */
export class HostLimits {
  private readonly cgroups: CgroupParent | undefined;
  private readonly watch = new MemoryWatch();

  private readonly onClosed: () => Promise<void>;

  /** `onClosed` is called when the cgroup has been removed. */
  constructor(cgroups: CgroupParent | undefined, onClosed = async (): Promise<void> => {}) {
    this.cgroups = cgroups;
    this.onClosed = onClosed;
  }

  /** Whether there are cgroups, so that processes can be limited and frozen wherever they come from. */
  get areEnforced(): boolean {
    return this.cgroups !== undefined;
  }

  of(spec: EnvironmentSpec, share: LevelShare): EnvironmentLimits {
    const tmpMb = share.isTmpInMemory ? spec.ephemeralStorageMb : 0;
    const make = (): Cgroup | undefined =>
      this.cgroups?.create(spec.environmentId, {
        memoryBytes: (spec.memoryMb + tmpMb) * BYTES_PER_MB + KERNEL_MEMORY_BYTES,
        // Init has a full vCPU whatever the memory. Source: Lambda "Understanding the execution environment lifecycle".
        cpus: Math.max(1, cpusOf(spec.memoryMb)),
        processes: MAX_PROCESSES + share.ownProcesses,
      });
    return new EnvironmentLimits(spec, share, make, this.watch);
  }

  /** Removes this server's cgroup; whatever is still in it ends. */
  async close(): Promise<void> {
    await this.cgroups?.close();
    await this.onClosed();
  }
}

/** A function's processors: in parts below one, whole cores above. */
export function cpusOf(memoryMb: number): number {
  const share = memoryMb / MEMORY_OF_ONE_CPU_MB;
  return share <= 1 ? share : Math.ceil(share);
}

export class EnvironmentLimits {
  private readonly make: () => Cgroup | undefined;
  private cgroup: Cgroup | undefined;
  private readonly memoryBytes: number;
  private readonly cpus: number;
  private readonly watch: MemoryWatch;
  private readonly isAhead: boolean;
  private isOver = false;
  private peakBytes = 0;
  private highestUsage = 0;
  private tree: ProcessTree | undefined;
  private isFrozen = false;
  private isRemoved = false;

  /** `make` is called when the process is about to start. */
  constructor(spec: EnvironmentSpec, share: LevelShare, make: () => Cgroup | undefined, watch: MemoryWatch) {
    this.make = make;
    this.watch = watch;
    this.memoryBytes = spec.memoryMb * BYTES_PER_MB;
    this.cpus = cpusOf(spec.memoryMb);
    this.isAhead = share.isAhead;
  }

  /** The command that runs `command` under these limits. Throws `PlatformError` where the kernel refuses to make them. */
  enter(
    command: string,
    args: readonly string[],
  ): { readonly command: string; readonly args: readonly string[] } {
    if (process.platform === 'win32') return { command, args };
    try {
      this.cgroup = this.make();
    } catch (error) {
      throw new PlatformError(
        `No cgroup can be made for an environment: ${(error as Error).message}`,
        'Run `selfsame doctor`.',
      );
    }
    const entrances = this.cgroup?.entrances ?? [];
    return { command: '/bin/sh', args: ['-c', ENTER, 'sh', ...entrances, '--', command, ...args] };
  }

  /** Files to which a process's number is written for it to come under these limits; known once the command has been asked for. */
  get entrances(): readonly string[] {
    return this.cgroup?.entrances ?? [];
  }

  /** Called when the process is there; `end` when it has more memory than it may. */
  began(pid: number, end: () => void): void {
    this.tree = new ProcessTree(pid);
    if (this.cgroup === undefined) return;
    this.watch.add(this, () => {
      if (!this.isOver && this.isOverMemory()) {
        this.isOver = true;
        end();
      }
    });
    if (!this.isAhead) this.watch.work(this);
  }

  /** From here on the function has its own share of processor time. */
  initDone(): void {
    if (!this.isRemoved) this.cgroup?.setCpus(this.cpus);
  }

  /** Thaws it; from this on its memory is watched. */
  atWork(): void {
    this.thaw();
    this.watch.work(this);
  }

  /** Its memory need not be watched until it is at work again. */
  rest(): void {
    this.watch.rest(this);
  }

  /** Nothing of it runs from this on. */
  freeze(): void {
    if (this.isFrozen || this.isRemoved) return;
    this.isFrozen = true;
    this.watch.rest(this);
    if (this.cgroup?.freeze() !== true) this.tree?.stop();
  }

  private thaw(): void {
    if (!this.isFrozen) return;
    this.isFrozen = false;
    this.cgroup?.thaw();
    this.tree?.resume();
  }

  /** Kills what is in it; without a cgroup, what the caller knows of has to do. */
  kill(): void {
    if (this.isRemoved) return;
    this.thaw();
    this.cgroup?.kill();
  }

  /** Whether it ended for want of memory. To be asked before `remove`. */
  get wasOutOfMemory(): boolean {
    return (
      this.isOver || (this.cgroup !== undefined && !this.isRemoved && this.cgroup.outOfMemoryKills() > 0)
    );
  }

  /** Highest resident memory seen so far, in bytes; undefined where nobody counts. */
  peakMemory(): number | undefined {
    if (this.cgroup === undefined) return undefined;
    if (!this.isRemoved) this.sample(this.cgroup);
    return this.peakBytes === 0 ? undefined : this.peakBytes;
  }

  async remove(): Promise<void> {
    if (this.isRemoved) return;
    this.thaw();
    this.isRemoved = true;
    this.watch.remove(this);
    await this.cgroup?.remove();
  }

  /** Files count in the usage and not for the function; telling them apart costs more, and is done when it matters. */
  private isOverMemory(): boolean {
    const cgroup = this.cgroup!;
    const usage = cgroup.memoryUsage();
    if (usage > this.highestUsage + USAGE_STEP_BYTES) {
      this.highestUsage = usage;
      this.sample(cgroup);
    }
    return usage > this.memoryBytes && cgroup.allocatedMemory() > this.memoryBytes;
  }

  private sample(cgroup: Cgroup): void {
    this.peakBytes = Math.max(this.peakBytes, cgroup.residentMemory());
  }
}
