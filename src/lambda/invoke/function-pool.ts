/**
 * The environments of one generation of a function version: idle ones are reused, the most recently
 * used first; a caller for whom none is idle gets one started for it, or one that comes free before.
 */
import type { Clock } from '../../core/clock.ts';
import { invariant, PlatformError } from '../../core/errors.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { Environment, EnvironmentOwner } from './environment.ts';
import { ENVIRONMENT_LIFETIME_MS } from './invoke-limits.ts';
import type { StartGate } from './start-gate.ts';

interface Waiter {
  readonly resolve: (environment: Environment) => void;
  readonly reject: (error: Error) => void;
  served: boolean;
}

export interface FunctionPoolDependencies {
  readonly clock: Clock;
  readonly gate: StartGate;
  /** Throws AWS's error where the function grows too fast for one more environment; gives what takes the start back. */
  admitStart(record: FunctionRecord): () => void;
  /** Makes an environment that has not started yet; rejects when its code or runtime cannot be had. */
  create(record: FunctionRecord, owner: EnvironmentOwner): Promise<Environment>;
  /** Called once, when the pool is drained and its last environment gone. */
  onEmpty(): void;
}

export class FunctionPool implements EnvironmentOwner {
  readonly record: FunctionRecord;
  private readonly deps: FunctionPoolDependencies;
  private readonly all = new Set<Environment>();
  /** Most recently used last. */
  private readonly idle: Environment[] = [];
  private readonly waiters: Waiter[] = [];
  private starting = 0;
  private draining = false;
  private closed = false;

  constructor(record: FunctionRecord, deps: FunctionPoolDependencies) {
    this.record = record;
    this.deps = deps;
  }

  get size(): number {
    return this.all.size;
  }

  /** Those that may be ended: nobody has been promised them. */
  get idleEnvironments(): readonly Environment[] {
    return this.idle;
  }

  /** It has no environment, and none is on its way. */
  get isUnused(): boolean {
    return this.all.size === 0 && this.starting === 0;
  }

  /** An idle environment at once, or a promise of the first that can take an event (`ready` or `broken`). */
  acquire(): Environment | Promise<Environment> {
    invariant(!this.draining, 'a drained pool was asked for an environment');
    for (;;) {
      const environment = this.idle.pop();
      if (environment === undefined) break;
      if (environment.state === 'ready') return environment;
    }
    const takeBack = this.deps.admitStart(this.record);
    return new Promise<Environment>((resolve, reject) => {
      const waiter: Waiter = { resolve, reject, served: false };
      this.waiters.push(waiter);
      void this.startFor(waiter, takeBack);
    });
  }

  /** Stops idle environments now and busy ones when they come free. */
  drain(): void {
    if (this.draining) return;
    this.draining = true;
    for (const environment of this.idle.splice(0)) void environment.stop();
    this.finishIfEmpty();
  }

  /** Stops everything at once; resolves when nothing is left. */
  async close(): Promise<void> {
    this.draining = true;
    this.closed = true;
    this.idle.length = 0;
    for (const waiter of [...this.waiters]) this.take(waiter)?.reject(closing());
    await Promise.all([...this.all].map((environment) => environment.stop()));
    this.finishIfEmpty();
  }

  /** Stops environments that have been idle since before `beforeMs` (service time); resolves when they are gone. */
  async reap(beforeMs: number): Promise<void> {
    const due = this.idle.filter(({ idleSinceMs }) => idleSinceMs <= beforeMs);
    await Promise.all(due.map((environment) => environment.stop()));
  }

  onReady(environment: Environment): void {
    const isOld = environment.idleSinceMs - environment.bornMs >= ENVIRONMENT_LIFETIME_MS;
    if (this.draining || isOld) {
      void environment.stop();
      return;
    }
    const waiter = this.nextWaiter();
    if (waiter === undefined) this.idle.push(environment);
    else waiter.resolve(environment);
  }

  onStopping(environment: Environment): void {
    const index = this.idle.indexOf(environment);
    if (index >= 0) this.idle.splice(index, 1);
  }

  onDead(environment: Environment): void {
    this.all.delete(environment);
    this.finishIfEmpty();
  }

  private async startFor(waiter: Waiter, takeBack: () => void): Promise<void> {
    this.starting += 1;
    try {
      await this.deps.gate.run(async () => {
        // Another environment came free while this start waited for its turn.
        if (waiter.served) return takeBack();
        const environment = await this.deps.create(this.record, this);
        if (this.closed) return;
        this.all.add(environment);
        try {
          await environment.start();
        } catch (error) {
          await environment.stop();
          throw error;
        }
        this.started(environment, waiter);
      });
    } catch (error) {
      this.take(waiter)?.reject(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.starting -= 1;
      this.finishIfEmpty();
    }
  }

  private started(environment: Environment, waiter: Waiter): void {
    if (environment.state === 'broken') {
      // Its own caller hears of the failed init; one that was served meanwhile need not.
      const own = this.take(waiter);
      if (own === undefined) void environment.stop();
      else own.resolve(environment);
      return;
    }
    if (environment.state !== 'ready') {
      this.take(waiter)?.reject(closing());
      return;
    }
    const own = this.take(waiter);
    if (own !== undefined) own.resolve(environment);
    else this.onReady(environment);
  }

  private nextWaiter(): Waiter | undefined {
    const waiter = this.waiters.shift();
    if (waiter !== undefined) waiter.served = true;
    return waiter;
  }

  private take(waiter: Waiter): Waiter | undefined {
    if (waiter.served) return undefined;
    waiter.served = true;
    const index = this.waiters.indexOf(waiter);
    if (index >= 0) this.waiters.splice(index, 1);
    return waiter;
  }

  private finishIfEmpty(): void {
    if (this.draining && this.isUnused) this.deps.onEmpty();
  }
}

function closing(): PlatformError {
  return new PlatformError('The server is closing.', 'Invoke the function again once it has started.');
}
