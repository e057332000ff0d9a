/**
 * The environments of one version on managed instances. They are there before any event: as many as the version has at
 * least, more as those fill up, never beyond its maximum or what its capacity provider has room for. An event that finds
 * no place is refused: "Lambda Managed Instances does not scale when invocations arrive and does not support cold
 * starts" (AWS, "Scaling Lambda Managed Instances").
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { FunctionScaling } from '../records/function-capacity.ts';
import type { ManagedRecord } from '../records/managed-record.ts';
import type { SnapshotProblem } from '../records/snapshot-problem.ts';
import { ENVIRONMENT_LIFETIME_MS, IDLE_ENVIRONMENT_MS, STARTS_AHEAD_AT_ONCE } from './invoke-limits.ts';
import type { ManagedEnvironment, ManagedOwner } from './managed-environment.ts';
import { StartRetries } from './start-retries.ts';

/** As of versions with SnapStart. */
const INIT_FAILURE = 'An error occurred during function initialization.';
const IDLE_END = 'The runtime has ended before it got an event.';

export interface ManagedPoolDependencies {
  readonly clock: Clock;
  /** Makes an environment that has not started yet; rejects when its code or runtime cannot be had. */
  create(owner: ManagedOwner): Promise<ManagedEnvironment>;
  /** Why the capacity provider has no room for one more; undefined where it has. */
  noRoom(): string | undefined;
  /** The pool has been drained and its last environment is gone. */
  onEmpty(): void;
}

export class ManagedPool implements ManagedOwner {
  readonly record: ManagedRecord;
  private readonly deps: ManagedPoolDependencies;
  private scaling: FunctionScaling;
  /** Those that are wanted: starting or ready. */
  private readonly kept = new Set<ManagedEnvironment>();
  /** All that live. */
  private readonly all = new Set<ManagedEnvironment>();
  /** Starts under way, and those of them whose environment is still being made. */
  private starting = 0;
  private making = 0;
  private isDraining = false;
  private keeper: Timer | undefined;
  private replacing: ManagedEnvironment | undefined;
  private readonly retries: StartRetries;
  /** It has had its least, or it was found why not. */
  private hasSettled = false;
  private readonly filled = Promise.withResolvers<SnapshotProblem | undefined>();

  constructor(record: ManagedRecord, scaling: FunctionScaling, deps: ManagedPoolDependencies) {
    this.record = record;
    this.scaling = scaling;
    this.deps = deps;
    this.retries = new StartRetries(deps.clock, () => this.fill());
  }

  /** Environments alive, those that start included. */
  get size(): number {
    return this.all.size + this.making;
  }

  /** Starts the least; resolves when they are there, or with what kept one from being there. */
  begin(): Promise<SnapshotProblem | undefined> {
    this.fill();
    return this.filled.promise;
  }

  get isSettled(): boolean {
    return this.hasSettled;
  }

  /** Where an event goes: to the environment that has the fewest; undefined when none has room. */
  take(requestId: string): ManagedEnvironment | undefined {
    let chosen: ManagedEnvironment | undefined;
    let free = 0;
    for (const environment of this.kept) {
      free += environment.free;
      if (environment.free === 0 || environment.has(requestId)) continue;
      if (chosen === undefined || environment.load < chosen.load) chosen = environment;
    }
    // The last place is being taken, or there was none.
    if (free <= 1) this.grow(this.kept.size + this.making + 1);
    return chosen;
  }

  rescale(scaling: FunctionScaling): void {
    this.scaling = scaling;
    this.retries.reset();
    this.shrink(scaling.max ?? Number.POSITIVE_INFINITY);
    this.fill();
  }

  /** Stops environments when they have nothing to do. */
  drain(): void {
    this.isDraining = true;
    this.keeper?.cancel();
    this.retries.reset();
    this.settle({
      kind: 'interrupted',
      reason: 'The version has been replaced or the server stops.',
    });
    this.shrink(0);
    this.finishIfEmpty();
  }

  /** Stops everything at once; resolves when nothing is left. */
  async close(): Promise<void> {
    this.drain();
    await Promise.all([...this.all].map((environment) => environment.stop()));
  }

  onFree(environment: ManagedEnvironment): void {
    if (environment.load > 0) return;
    if (!this.kept.has(environment)) void environment.stop();
    else this.keep();
  }

  onStopping(environment: ManagedEnvironment): void {
    if (!this.kept.delete(environment)) return;
    // Code that ends its own idle process would otherwise be started for ever.
    if (environment.state === 'ready' && !environment.hasServed) this.failed('function', IDLE_END);
    this.fill();
  }

  onDead(environment: ManagedEnvironment): void {
    this.all.delete(environment);
    this.finishIfEmpty();
  }

  private settle(problem: SnapshotProblem | undefined): void {
    this.hasSettled = true;
    this.filled.resolve(problem);
  }

  private fill(): void {
    this.grow(this.scaling.min);
    const ready = [...this.kept].filter(({ state }) => state === 'ready').length;
    if (ready >= this.scaling.min) this.settle(undefined);
  }

  private grow(wanted: number): void {
    const most = Math.min(wanted, this.scaling.max ?? Number.POSITIVE_INFINITY);
    while (!this.isDraining && this.retries.dueMs === undefined && this.starting < STARTS_AHEAD_AT_ONCE) {
      if (this.kept.size + this.making >= most) return;
      const problem = this.deps.noRoom();
      if (problem !== undefined) {
        this.settle({ kind: 'capacity', reason: problem });
        return;
      }
      void this.startOne();
    }
  }

  /** Lets go of the youngest until there are so many. */
  private shrink(most: number): void {
    for (const environment of [...this.kept].reverse()) if (this.kept.size > most) this.release(environment);
  }

  private release(environment: ManagedEnvironment): void {
    this.kept.delete(environment);
    if (environment.load === 0) void environment.stop();
  }

  private async startOne(): Promise<void> {
    this.starting += 1;
    this.making += 1;
    let environment: ManagedEnvironment | undefined;
    try {
      environment = await this.deps.create(this).finally(() => {
        this.making -= 1;
      });
      this.all.add(environment);
      this.kept.add(environment);
      const failure = this.isDraining ? undefined : await environment.start();
      if (failure === undefined) this.retries.succeeded();
      else if (this.kept.has(environment)) this.failed('function', INIT_FAILURE);
    } catch (error) {
      this.failed('host', error instanceof Error ? error.message : String(error));
    }
    if (environment !== undefined && environment.state !== 'ready') await environment.stop();
    if (this.isDraining) void environment?.stop();
    this.starting -= 1;
    this.finishIfEmpty();
    this.fill();
    this.keep();
  }

  private failed(kind: SnapshotProblem['kind'], reason: string): void {
    this.settle({ kind, reason });
    if (!this.isDraining) this.retries.failed();
  }

  /** Looks, when the next is due, after those that are too old and those that have long had nothing to do. */
  private keep(): void {
    this.keeper?.cancel();
    this.keeper = undefined;
    if (this.isDraining || this.kept.size === 0 || this.replacing !== undefined) return;
    const due = Math.min(
      ...[...this.kept].map((one) => Math.min(this.surplusDueMs(one), this.oldDueMs(one))),
    );
    this.keeper = this.deps.clock.at(due, () => {
      const now = this.deps.clock.now();
      for (const environment of [...this.kept])
        if (this.surplusDueMs(environment) <= now) this.release(environment);
      const old = [...this.kept].find((environment) => this.oldDueMs(environment) <= now);
      if (old !== undefined) return this.replace(old);
      this.keep();
      return undefined;
    });
  }

  /** The old one goes when another has come: there is one more than there may be for that time. */
  private async replace(old: ManagedEnvironment): Promise<void> {
    const before = this.kept.size;
    this.replacing = old;
    await this.startOne();
    this.replacing = undefined;
    if (this.kept.size > before) this.release(old);
    this.keep();
  }

  /** Service time at which one that is more than the least has had nothing to do for long enough. */
  private surplusDueMs({ idleSinceMs, load, state }: ManagedEnvironment): number {
    const isSurplus = this.kept.size > this.scaling.min && load === 0 && state === 'ready';
    return isSurplus ? idleSinceMs + IDLE_ENVIRONMENT_MS : Number.POSITIVE_INFINITY;
  }

  /** Service time at which it is to be replaced; later while a start that has failed is not to be tried again. */
  private oldDueMs({ bornMs }: ManagedEnvironment): number {
    return Math.max(bornMs + ENVIRONMENT_LIFETIME_MS, this.retries.dueMs ?? 0);
  }

  private finishIfEmpty(): void {
    if (this.isDraining && this.size === 0) this.deps.onEmpty();
  }
}
