/**
 * Environments of one version that are initialised before anything invokes it. They are kept until they are not
 * wanted any more, and replaced when they end; a failed init is tried again, ever more rarely.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { Environment, EnvironmentOwner } from './environment.ts';
import { ENVIRONMENT_LIFETIME_MS, STARTS_AHEAD_AT_ONCE } from './invoke-limits.ts';
import { StartRetries } from './start-retries.ts';

/** Recorded from AWS. */
const INIT_FAILURE = 'FUNCTION_ERROR_INIT_FAILURE';

export interface ProvisionedPoolDependencies {
  readonly clock: Clock;
  /** Makes an environment that has not started yet; rejects when its code or runtime cannot be had. */
  create(owner: EnvironmentOwner): Promise<Environment>;
  /** Something of what the pool says of itself has changed. */
  onChange(): void;
  /** The pool has been drained and its last environment is gone. */
  onEmpty(): void;
}

export class ProvisionedPool implements EnvironmentOwner {
  readonly record: FunctionRecord;
  private readonly deps: ProvisionedPoolDependencies;
  private wanted = 0;
  private readonly all = new Set<Environment>();
  /** Those that are initialised, busy ones included. */
  private readonly initialised = new Set<Environment>();
  /** Those that are too old; each stays until another has taken its place. */
  private readonly old = new Set<Environment>();
  private readonly ageing = new Map<Environment, Timer>();
  /** Most recently used last. */
  private readonly idle: Environment[] = [];
  private starting = 0;
  /** Why there are fewer than wanted, in AWS's words or in the platform's. */
  private problem: string | undefined;
  private readonly retries: StartRetries;
  /** Ends of idle environments since one of them last got an event. */
  private idleEnds = 0;
  private draining = false;

  constructor(record: FunctionRecord, deps: ProvisionedPoolDependencies) {
    this.record = record;
    this.deps = deps;
    this.retries = new StartRetries(deps.clock, () => {
      this.idleEnds = 0;
      return this.fill();
    });
  }

  /** Environments alive, those that start included. */
  get size(): number {
    return this.all.size;
  }

  /** Initialised environments. */
  get allocated(): number {
    return this.initialised.size;
  }

  /** Those of them that have an event. */
  get busy(): number {
    return this.initialised.size - this.idle.length;
  }

  get isFull(): boolean {
    return this.initialised.size >= this.wanted;
  }

  get failure(): string | undefined {
    return this.problem;
  }

  /** An environment that can take an event; undefined when all are busy. */
  take(): Environment | undefined {
    for (;;) {
      const environment = this.idle.pop();
      if (environment === undefined) return undefined;
      if (environment.state !== 'ready') continue;
      this.idleEnds = 0;
      return environment;
    }
  }

  resize(wanted: number): void {
    this.wanted = wanted;
    this.problem = undefined;
    this.retries.reset();
    while (this.initialised.size > wanted && this.idle.length > 0) void this.idle.shift()!.stop();
    void this.fill();
  }

  /** Stops idle environments now and busy ones when they come free. */
  drain(): void {
    this.draining = true;
    this.retries.reset();
    for (const environment of this.idle.splice(0)) void environment.stop();
    this.finishIfEmpty();
  }

  /** Stops everything at once; resolves when nothing is left. */
  async close(): Promise<void> {
    this.drain();
    await Promise.all([...this.all].map((environment) => environment.stop()));
    this.finishIfEmpty();
  }

  onReady(environment: Environment): void {
    const isSurplus =
      this.initialised.size > this.wanted && (this.old.size === 0 || this.old.has(environment));
    if (this.draining || isSurplus) {
      void environment.stop();
      return;
    }
    this.idle.push(environment);
    if (this.initialised.size > this.wanted) void this.idle.find((one) => this.old.has(one))?.stop();
  }

  onStopping(environment: Environment): void {
    const index = this.idle.indexOf(environment);
    if (index >= 0) this.idle.splice(index, 1);
    if (!this.initialised.delete(environment)) return;
    this.old.delete(environment);
    this.ageing.get(environment)?.cancel();
    this.ageing.delete(environment);
    if (index >= 0 && !this.isFull) this.idleEnds += 1;
    // Code that ends its own idle process would otherwise be started for ever.
    if (this.idleEnds > this.wanted) this.rest();
    void this.fill();
    this.deps.onChange();
  }

  onDead(environment: Environment): void {
    this.all.delete(environment);
    this.finishIfEmpty();
  }

  /** Starts what is missing; resolves when all that began has come to its end, well or not. */
  private async fill(): Promise<void> {
    const begun: Promise<void>[] = [];
    while (this.isMissingSome && this.starting < STARTS_AHEAD_AT_ONCE) begun.push(this.startOne());
    await Promise.all(begun);
  }

  private get isMissingSome(): boolean {
    const isResting = this.draining || this.retries.dueMs !== undefined;
    return !isResting && this.initialised.size - this.old.size + this.starting < this.wanted;
  }

  private async startOne(): Promise<void> {
    this.starting += 1;
    let environment: Environment | undefined;
    try {
      environment = await this.deps.create(this);
      this.all.add(environment);
      // One that is not wanted any more gives back the room that it was made in.
      if (this.draining) await environment.stop();
      else {
        await environment.start();
        await this.started(environment);
      }
    } catch (error) {
      await environment?.stop();
      this.failed(error instanceof Error ? error.message : String(error));
    } finally {
      this.starting -= 1;
      this.finishIfEmpty();
    }
    this.deps.onChange();
    await this.fill();
  }

  private async started(environment: Environment): Promise<void> {
    if (environment.state === 'ready') {
      this.initialised.add(environment);
      this.awaitAge(environment);
      this.problem = undefined;
      this.retries.succeeded();
      this.onReady(environment);
    } else if (environment.state === 'broken') {
      await environment.stop();
      this.failed(INIT_FAILURE);
    }
  }

  private awaitAge(environment: Environment): void {
    const dueMs = environment.bornMs + ENVIRONMENT_LIFETIME_MS;
    const timer = this.deps.clock.at(dueMs, () => {
      this.old.add(environment);
      return this.fill();
    });
    this.ageing.set(environment, timer);
  }

  private failed(reason: string): void {
    this.problem = reason;
    this.rest();
  }

  private rest(): void {
    if (!this.draining) this.retries.failed();
  }

  private finishIfEmpty(): void {
    if (this.draining && this.all.size === 0 && this.starting === 0) this.deps.onEmpty();
  }
}
