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
import type { Clock } from '../../core/clock.ts';
import { invariant } from '../../core/errors.ts';
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  Sandbox,
  ShutdownReason,
} from '../../ports/environment.ts';
import type { ManagedRecord } from '../records/managed-record.ts';
import { maxConcurrencyOf } from '../records/managed-record.ts';
import type { Invocation } from './environment.ts';
import type { EnvironmentLog } from './environment-log.ts';
import { MANAGED_INIT_TIMEOUT_MS, MAX_MANAGED_INIT_TIMEOUT_MS } from './invoke-limits.ts';
import { ManagedEvent } from './managed-event.ts';
import { MemoryFigure } from './memory-figure.ts';
import type { InvocationOutcome } from './outcome.ts';
import { errorPayload, exitMessage, OUT_OF_MEMORY } from './outcome.ts';

const BYTES_PER_MB = 1024 * 1024;

export type ManagedState = 'starting' | 'ready' | 'stopping' | 'dead';

export interface ManagedOwner {
  /** An event has left it. */
  onFree(environment: ManagedEnvironment): void;
  /** Will never take an event again. */
  onStopping(environment: ManagedEnvironment): void;
  /** Nothing of it is left. */
  onDead(environment: ManagedEnvironment): void;
}

export interface ManagedDependencies {
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly log: EnvironmentLog;
}

/** Why an init has failed. */
export interface InitFailure {
  readonly errorType: string;
  readonly payload: Buffer;
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
  private readonly deps: ManagedDependencies;
  private readonly spec: EnvironmentSpec;
  private readonly owner: ManagedOwner;
  /** By request id: those that the runtime has not answered. */
  private readonly events = new Map<string, ManagedEvent>();
  private readonly memory: MemoryFigure;
  private readonly maxConcurrency: number;
  private launched: Promise<RunningEnvironment> | undefined;
  private running: RunningEnvironment | undefined;
  private initSettled: ((failure: InitFailure | undefined) => void) | undefined;

  constructor(deps: ManagedDependencies, record: ManagedRecord, spec: EnvironmentSpec, owner: ManagedOwner) {
    this.deps = deps;
    this.record = record;
    this.spec = spec;
    this.owner = owner;
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
    const { clock, log, sandbox } = this.deps;
    log.initStart(this.spec.installation);
    const startedAt = clock.monotonic();
    const settled = new Promise<InitFailure | undefined>((resolve) => {
      this.initSettled = resolve;
    });
    const limitMs = Math.min(this.record.timeoutSeconds * 1_000, MAX_MANAGED_INIT_TIMEOUT_MS);
    const timeoutMs = Math.max(MANAGED_INIT_TIMEOUT_MS, limitMs);
    const timer = setTimeout(() => this.initSettled?.(INIT_TIMED_OUT), timeoutMs);
    try {
      this.launched = sandbox.start(this.spec, this.listener());
      this.running = await this.launched;
      log.connect(this.running);
      const failure = await settled;
      if (this.current !== 'starting') return STOPPED;
      const report = { phase: 'init' as const, durationMs: clock.monotonic() - startedAt };
      if (failure !== undefined) {
        const isTimeOut = failure === INIT_TIMED_OUT;
        const { errorType } = failure;
        log.initReport(
          isTimeOut ? { ...report, status: 'timeout' } : { ...report, status: 'error', errorType },
        );
        return failure;
      }
      log.initReport({ ...report, status: 'success' });
      this.running.initDone?.();
      this.current = 'ready';
      return undefined;
    } finally {
      clearTimeout(timer);
      this.initSettled = undefined;
    }
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
    this.running!.invoke({ ...told, deadlineMs: Date.now() + event.timeoutMs });
    return event.outcome;
  }

  /** Leads through the Shutdown phase, whatever it has to do; resolves when nothing of its processes is left. */
  async stop(reason: ShutdownReason = 'spindown'): Promise<void> {
    if (this.current === 'dead') return;
    if (this.current !== 'stopping') {
      this.owner.onStopping(this);
      this.current = 'stopping';
    }
    this.initSettled?.(STOPPED);
    const running = this.running ?? (await this.launched?.catch(() => undefined));
    await (running?.shutdown?.(reason) ?? running?.kill());
    if (this.state === 'dead') return;
    this.current = 'dead';
    this.owner.onDead(this);
  }

  private listener(): EnvironmentListener {
    const { log } = this.deps;
    return {
      ready: () => this.initSettled?.(undefined),
      initError: (errorType, payload) => this.initSettled?.({ errorType, payload }),
      response: (requestId, payload) => this.left(requestId, (event) => event.succeeded(payload)),
      responseChunk: (requestId, chunk) => this.events.get(requestId)?.write(chunk),
      responseType: (requestId, contentType) => {
        const stream = this.events.get(requestId)?.invocation.stream;
        if (stream !== undefined) stream.contentType = contentType;
      },
      error: (requestId, errorType, payload) =>
        this.left(requestId, (event) => event.failed('failure', payload, errorType)),
      output: (line) => log.output(line),
      extension: (extension) => log.extension(extension),
      subscribed: (subscription) => log.subscribed(subscription),
      initRuntimeDone: (status, errorType) => log.initRuntimeDone('init', status, errorType),
      leaving: () => {},
      exit: (exit) => this.ended(exit),
    };
  }

  private ended(exit: EnvironmentExit): void {
    const { errorType, message } = exit.problem ?? {
      errorType: 'Runtime.ExitError',
      message: exitMessage(exit),
    };
    const reported = exit.outOfMemory === true ? OUT_OF_MEMORY : errorType;
    if (exit.outOfMemory === true) this.memory.exhausted(this.record.memoryMb * BYTES_PER_MB);
    const words = (id: string): Buffer => errorPayload(errorType, `RequestId: ${id} Error: ${message}`);
    this.initSettled?.({ errorType: reported, payload: words(this.spec.environmentId) });
    for (const requestId of [...this.events.keys()]) {
      this.deps.log.exited(requestId, message, errorType);
      this.left(requestId, (event) => event.failed('error', words(requestId), reported));
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
    await this.memory.measure(this.running, elapsedMs);
    return Math.ceil(this.memory.bytes / BYTES_PER_MB);
  }
}

const INIT_TIMED_OUT: InitFailure = {
  errorType: 'Sandbox.Timedout',
  payload: errorPayload('Sandbox.Timedout', 'Init timed out'),
};

/** Nobody hears of it: who stops an environment has no use for what it would have said. */
const STOPPED: InitFailure = {
  errorType: 'Runtime.ExitError',
  payload: errorPayload('Runtime.ExitError', 'stopped'),
};
