/**
 * Room for environments: when the host runs short of memory, or there are as many as may be, those that have been idle
 * longest give way, whatever function they are of. AWS says no more of when it ends idle environments than that it does.
 */
import type { HostMemory } from '../../ports/host-memory.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { Environment } from './environment.ts';

/** Of the memory, the part that is kept free for what the busy environments and the host may still need. */
export const KEPT_FREE = 1 / 16;

/** How often memory is looked at while there are environments, milliseconds of service time. */
export const ROOM_INTERVAL_MS = 5_000;

export interface RoomLimits {
  readonly memory: HostMemory;
  /** Environments at once, of all functions; undefined for as many as there is room for. */
  readonly maxEnvironments: number | undefined;
  /** What an invocation of the function is refused with where there are as many as may be, and all are busy. */
  readonly refusal: (record: FunctionRecord) => Error;
}

/** A place for one environment that is about to be made. */
export interface Place {
  /** The environment has it from now on. */
  take(environment: { readonly state: string }): void;
  /** Gives it back where no environment has it. */
  release(): void;
}

export class EnvironmentRoom {
  private readonly limits: RoomLimits | undefined;
  private readonly idle: () => readonly Environment[];
  private readonly taken = new Set<{ readonly state: string }>();
  private promised = 0;

  /** `idle` gives the environments that may be ended: those that have nothing to do and that nobody has provisioned. */
  constructor(limits: RoomLimits | undefined, idle: () => readonly Environment[]) {
    this.limits = limits;
    this.idle = idle;
  }

  /** Resolves when there is a place for an environment of that function, or rejects with the refusal. */
  async admit(record: FunctionRecord): Promise<Place> {
    await this.keepMemory();
    const most = this.limits?.maxEnvironments ?? Number.POSITIVE_INFINITY;
    while (this.count() >= most) {
      const longest = this.longestIdle();
      if (longest === undefined) throw this.limits!.refusal(record);
      await longest.stop();
    }
    this.promised += 1;
    return this.place();
  }

  /** Ends idle environments until memory is no longer short, or none is left. */
  async keepMemory(): Promise<void> {
    while (this.isShort()) {
      const longest = this.longestIdle();
      if (longest === undefined) return;
      await longest.stop();
    }
  }

  private place(): Place {
    let isPromised = true;
    const settle = (): void => {
      if (isPromised) this.promised -= 1;
      isPromised = false;
    };
    return {
      take: (environment) => {
        settle();
        this.taken.add(environment);
      },
      release: settle,
    };
  }

  private count(): number {
    for (const environment of this.taken) if (environment.state === 'dead') this.taken.delete(environment);
    return this.taken.size + this.promised;
  }

  private isShort(): boolean {
    const reading = this.limits?.memory.read();
    return reading !== undefined && reading.available < reading.total * KEPT_FREE;
  }

  private longestIdle(): Environment | undefined {
    return this.idle().reduce<Environment | undefined>(
      (longest, each) => (longest === undefined || each.idleSinceMs < longest.idleSinceMs ? each : longest),
      undefined,
    );
  }
}
