/**
 * An execution environment on managed instances: one runtime that handles several events at once. It is never frozen.
 *
 *   starting ──► ready ──► stopping ──► dead
 *      └───────────────────────┘
 *
 * Every event has its own time-out, which AWS describes as one that only the caller sees: "Lambda Managed Instances does
 * not force timeouts and your code continues to run" ("Understanding the Lambda Managed Instances execution
 * environment"). Until the code has answered, the event keeps its place.
 */
import { invariant } from '../../core/errors.ts';
import type { EnvironmentExit, EnvironmentSpec, ShutdownReason } from '../../ports/environment.ts';
import type { ManagedRecord } from '../records/managed-record.ts';
import { maxConcurrencyOf } from '../records/managed-record.ts';
import type { EnvironmentRuntimeDependencies, RuntimeOwner } from './environment-runtime.ts';
import { EnvironmentRuntime } from './environment-runtime.ts';
import type { Invocation } from './in-flight-invocation.ts';
import type { InitFailure } from './init-phase.ts';
import { STOPPED } from './init-phase.ts';
import { MANAGED_INIT_TIMEOUT_MS, MAX_MANAGED_INIT_TIMEOUT_MS } from './invoke-limits.ts';
import { ManagedEvent } from './managed-event.ts';
import { MemoryFigure } from './memory-figure.ts';
import type { InvocationOutcome } from './outcome.ts';
import { runtimeEnd, runtimeEndPayload } from './outcome.ts';

export type ManagedState = 'starting' | 'ready' | 'stopping' | 'dead';

export interface ManagedOwner {
  /** An event has left it. */
  onFree(environment: ManagedEnvironment): void;
  /** Will never take an event again. */
  onStopping(environment: ManagedEnvironment): void;
  /** Nothing of it is left. */
  onDead(environment: ManagedEnvironment): void;
}

export class ManagedEnvironment {
  readonly record: ManagedRecord;
  /** Service time, epoch milliseconds, at which it was made. */
  readonly bornMs: number;
  /** Service time, epoch milliseconds, since which it has had no event. */
  idleSinceMs: number;
  /** It has had an event. */
  hasServed = false;
  private current: ManagedState = 'starting';
  private readonly deps: EnvironmentRuntimeDependencies;
  private readonly spec: EnvironmentSpec;
  private readonly owner: ManagedOwner;
  /** By request id: those that the runtime has not answered. */
  private readonly events = new Map<string, ManagedEvent>();
  private readonly memory: MemoryFigure;
  private readonly maxConcurrency: number;
  private readonly runtime: EnvironmentRuntime;

  constructor(
    deps: EnvironmentRuntimeDependencies,
    record: ManagedRecord,
    spec: EnvironmentSpec,
    owner: ManagedOwner,
  ) {
    this.deps = deps;
    this.record = record;
    this.spec = spec;
    this.owner = owner;
    this.runtime = new EnvironmentRuntime(deps, spec, this.hears());
    this.bornMs = deps.clock.now();
    this.idleSinceMs = this.bornMs;
    this.maxConcurrency = maxConcurrencyOf(record);
    this.memory = new MemoryFigure(() => deps.clock.monotonic());
  }

  get state(): ManagedState {
    return this.current;
  }

  /** Events that it has, those included whose callers have given up. */
  get load(): number {
    return this.events.size;
  }

  /** Events that it can take now. */
  get free(): number {
    return this.current === 'ready' ? this.maxConcurrency - this.events.size : 0;
  }

  /** Whether it still runs an earlier attempt at that event. */
  has(requestId: string): boolean {
    return this.events.has(requestId);
  }

  /** Runs the Init phase; resolves with why it has failed. Rejects if no sandbox could be made. */
  async start(): Promise<InitFailure | undefined> {
    this.deps.log.initStart(this.spec.installation);
    const limitMs = Math.min(this.record.timeoutSeconds * 1_000, MAX_MANAGED_INIT_TIMEOUT_MS);
    const { failure } = await this.runtime.init('init', Math.max(MANAGED_INIT_TIMEOUT_MS, limitMs));
    if (this.current !== 'starting') return STOPPED;
    if (failure === undefined) this.current = 'ready';
    return failure;
  }

  /** Sends one event of those it can take; resolves with whatever became of it. */
  invoke(invocation: Invocation): Promise<InvocationOutcome> {
    const { requestId } = invocation;
    invariant(
      this.free > 0 && !this.has(requestId),
      'a managed environment got an event that it cannot take',
    );
    const event = new ManagedEvent(invocation, {
      ...this.deps,
      record: this.record,
      memoryMb: (elapsedMs) => this.memoryMb(elapsedMs),
    });
    this.events.set(requestId, event);
    this.hasServed = true;
    const { wantsLogTail: _, stream: __, ...told } = invocation;
    // For code that compares it with its own Date.now(): real time, not service time.
    this.runtime.running!.invoke({ ...told, deadlineMs: Date.now() + event.inFlight.timeoutMs });
    return event.inFlight.outcome;
  }

  /** Leads through the Shutdown phase, whatever it has to do; resolves when nothing of its processes is left. */
  async stop(reason: ShutdownReason = 'spindown'): Promise<void> {
    if (this.current === 'dead') return;
    if (this.current !== 'stopping') {
      this.owner.onStopping(this);
      this.current = 'stopping';
    }
    await this.runtime.stop(reason);
    if (this.state === 'dead') return;
    this.current = 'dead';
    this.owner.onDead(this);
  }

  private hears(): RuntimeOwner {
    return {
      response: (requestId, payload) => this.left(requestId, (event) => event.succeeded(payload)),
      responseChunk: (requestId, chunk) => this.events.get(requestId)?.write(chunk),
      responseType: (requestId, contentType) => {
        const event = this.events.get(requestId);
        if (event !== undefined) event.inFlight.contentType = contentType;
      },
      error: (requestId, errorType, payload) =>
        this.left(requestId, (event) => event.end({ status: 'failure', payload, errorType })),
      ended: (exit) => this.ended(exit),
    };
  }

  private ended(exit: EnvironmentExit): void {
    const end = runtimeEnd(exit);
    const errorType = end.reportedType;
    if (exit.outOfMemory === true) this.memory.exhausted(this.record.memoryMb);
    this.runtime.settle({ errorType, payload: runtimeEndPayload(end, this.spec.environmentId) });
    for (const requestId of [...this.events.keys()]) {
      this.deps.log.exited(requestId, end.message, end.errorType);
      const payload = runtimeEndPayload(end, requestId);
      this.left(requestId, (event) => event.end({ status: 'error', payload, errorType }));
    }
    if (this.current === 'ready') void this.stop('failure');
  }

  /** Its place is free again, whether its caller is still there or not. */
  private left(requestId: string, settle: (event: ManagedEvent) => void): void {
    const event = this.events.get(requestId);
    if (event === undefined) return;
    this.events.delete(requestId);
    if (this.events.size === 0) this.idleSinceMs = this.deps.clock.now();
    settle(event);
    this.owner.onFree(this);
  }

  private async memoryMb(elapsedMs: number): Promise<number> {
    await this.memory.measure(this.runtime.running, elapsedMs);
    return this.memory.mb;
  }
}
