/**
 * One execution environment: a runtime process in a sandbox that handles one event at a time.
 *
 *   starting ──► ready ◄──► busy
 *      │           │          │
 *      └► broken ──┼──► busy  │      broken: init failed; the first invocation tries init once more,
 *           │      │          │      as AWS does
 *           └──────┴────► stopping ──► dead
 *
 * Every other transition is a bug. The owner (`FunctionPool`) learns of `ready` and of `dead`.
 */

import type { Clock } from '../../core/clock.ts';
import { invariant } from '../../core/errors.ts';
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentOutput,
  EnvironmentSpec,
  RunningEnvironment,
  RuntimeEvent,
  Sandbox,
} from '../../ports/environment.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { EnvironmentLog } from './environment-log.ts';
import { INIT_TIMEOUT_MS, MAX_RESPONSE_PAYLOAD_BYTES } from './invoke-limits.ts';
import { LogTail } from './log-tail.ts';
import type { InvocationOutcome, InvocationStatus } from './outcome.ts';
import { errorPayload, exitMessage, timeoutPayload } from './outcome.ts';

export type EnvironmentState = 'starting' | 'ready' | 'broken' | 'busy' | 'stopping' | 'dead';

const TRANSITIONS: Readonly<Record<EnvironmentState, readonly EnvironmentState[]>> = {
  starting: ['ready', 'broken', 'stopping'],
  ready: ['busy', 'stopping'],
  broken: ['busy', 'stopping'],
  busy: ['ready', 'stopping'],
  stopping: ['dead'],
  dead: [],
};

/** A figure from /proc is at most so old, milliseconds; reading it costs more than a warm invocation. */
const MEMORY_SAMPLE_MS = 100;

export interface Invocation extends Omit<RuntimeEvent, 'deadlineMs'> {
  readonly wantsLogTail: boolean;
}

export interface EnvironmentDependencies {
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly log: EnvironmentLog;
}

export interface EnvironmentOwner {
  /** May take the next event. */
  onReady(environment: Environment): void;
  /** Will never take one again; its processes are gone or going. */
  onGone(environment: Environment): void;
}

interface InitFailure {
  readonly errorType: string;
  readonly payload: Buffer;
}

interface InFlight {
  readonly invocation: Invocation;
  readonly startedAt: number;
  readonly tail: LogTail | undefined;
  readonly resolve: (outcome: InvocationOutcome) => void;
  timer: NodeJS.Timeout | undefined;
}

export class Environment {
  readonly record: FunctionRecord;
  /** Monotonic milliseconds since which it has had no work. */
  idleSinceMs = 0;
  private current: EnvironmentState = 'starting';
  private running: RunningEnvironment | undefined;
  /** The runtime has said that it exits after the outcome it owes. */
  private isLeaving = false;
  private inFlight: InFlight | undefined;
  private initDurationMs: number | undefined;
  /** Settles the init in progress; undefined when none is. */
  private initSettled: ((failure: InitFailure | undefined) => void) | undefined;
  /** Processes started so far; only the latest one is heard. */
  private processes = 0;
  private maxMemoryBytes = 0;
  private memorySampledAt = Number.NEGATIVE_INFINITY;

  private readonly deps: EnvironmentDependencies;
  private readonly spec: EnvironmentSpec;
  private readonly owner: EnvironmentOwner;

  constructor(
    deps: EnvironmentDependencies,
    record: FunctionRecord,
    spec: EnvironmentSpec,
    owner: EnvironmentOwner,
  ) {
    this.deps = deps;
    this.record = record;
    this.spec = spec;
    this.owner = owner;
  }

  get state(): EnvironmentState {
    return this.current;
  }

  /** Runs the Init phase; afterwards the state is `ready` or `broken`. Rejects if no sandbox could be made. */
  async start(): Promise<void> {
    this.deps.log.initStart(this.spec.installation);
    const failure = await this.init('init', INIT_TIMEOUT_MS);
    if (this.current !== 'starting') return;
    this.transition(failure === undefined ? 'ready' : 'broken');
    this.idleSinceMs = this.deps.clock.now();
  }

  /** Sends one event; resolves with whatever became of it and never rejects for what user code does. */
  invoke(invocation: Invocation): Promise<InvocationOutcome> {
    const wasBroken = this.current === 'broken';
    this.transition('busy');
    const { log, clock } = this.deps;
    return new Promise((resolve) => {
      const tail = invocation.wantsLogTail ? new LogTail() : undefined;
      const inFlight: InFlight = {
        invocation,
        startedAt: clock.monotonic(),
        tail,
        resolve,
        timer: undefined,
      };
      this.inFlight = inFlight;
      log.begin(invocation.requestId, tail);
      const timeoutMs = this.record.timeoutSeconds * 1_000;
      inFlight.timer = setTimeout(() => this.timedOut(inFlight), timeoutMs);
      if (wasBroken) void this.initAgain(inFlight, timeoutMs);
      else this.dispatch(inFlight, timeoutMs);
    });
  }

  /** Ends all processes; resolves when nothing of them is left. */
  async stop(): Promise<void> {
    if (this.current === 'dead') return;
    const wasStopping = this.current === 'stopping';
    if (!wasStopping) {
      this.transition('stopping');
      this.owner.onGone(this);
    }
    this.initSettled?.({
      errorType: 'Runtime.ExitError',
      payload: errorPayload('Runtime.ExitError', 'stopped'),
    });
    await this.running?.kill();
    if (this.state !== 'dead') this.transition('dead');
  }

  private dispatch(inFlight: InFlight, timeoutMs: number): void {
    invariant(this.running !== undefined, 'an environment without a process got an event');
    const { wantsLogTail: _, ...event } = inFlight.invocation;
    // The deadline is for code that compares it with its own Date.now(): real time, not service time.
    this.running.invoke({ ...event, deadlineMs: Date.now() + timeoutMs });
  }

  private async initAgain(inFlight: InFlight, timeoutMs: number): Promise<void> {
    const failure = await this.init('invoke', timeoutMs).catch((error: Error) => ({
      errorType: 'Runtime.ExitError',
      payload: errorPayload('Runtime.ExitError', error.message),
    }));
    if (this.inFlight !== inFlight) return;
    if (failure === undefined) {
      this.dispatch(inFlight, timeoutMs);
      return;
    }
    this.finish(inFlight, 'error', failure.payload, failure.errorType);
  }

  private async init(phase: 'init' | 'invoke', timeoutMs: number): Promise<InitFailure | undefined> {
    const { clock, log } = this.deps;
    const startedAt = clock.monotonic();
    const settled = new Promise<InitFailure | undefined>((resolve) => {
      this.initSettled = resolve;
    });
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), timeoutMs);
    });
    try {
      const previous = this.running;
      this.running = undefined;
      this.isLeaving = false;
      this.processes += 1;
      await previous?.kill();
      const running = await this.deps.sandbox.start(this.spec, this.listener(this.processes));
      if (this.current === 'stopping' || this.current === 'dead') {
        await running.kill();
        return { errorType: 'Runtime.ExitError', payload: errorPayload('Runtime.ExitError', 'stopped') };
      }
      this.running = running;
      const result = await Promise.race([settled, timedOut]);
      const durationMs = clock.monotonic() - startedAt;
      if (result === 'timeout') {
        this.running = undefined;
        void running.kill();
        log.initReport({ phase, durationMs, status: 'timeout' });
        return { errorType: 'Sandbox.Timedout', payload: errorPayload('Sandbox.Timedout', 'Init timed out') };
      }
      if (result === undefined) {
        if (phase === 'init') this.initDurationMs = durationMs;
        log.initReport({ phase, durationMs, status: 'success' });
      } else log.initReport({ phase, durationMs, status: 'error', errorType: result.errorType });
      return result;
    } finally {
      clearTimeout(timer);
      this.initSettled = undefined;
    }
  }

  /** A listener for one process; what an earlier process still says is not heard. */
  private listener(processNumber: number): EnvironmentListener {
    let initError: InitFailure | undefined;
    const heard = (): boolean => processNumber === this.processes;
    return {
      ready: () => {
        if (heard()) this.initSettled?.(undefined);
      },
      initError: (errorType, payload) => {
        initError = { errorType, payload };
        if (heard()) this.initSettled?.(initError);
      },
      response: (requestId, payload, maxMemoryBytes) => {
        const inFlight = heard() ? this.answered(requestId, maxMemoryBytes) : undefined;
        if (inFlight !== undefined) this.succeeded(inFlight, payload);
      },
      error: (requestId, errorType, payload, maxMemoryBytes) => {
        const inFlight = heard() ? this.answered(requestId, maxMemoryBytes) : undefined;
        if (inFlight !== undefined) this.finish(inFlight, 'failure', payload, errorType);
      },
      output: (line: EnvironmentOutput) => this.deps.log.output(line),
      leaving: () => {
        if (heard()) this.isLeaving = true;
      },
      exit: (exit) => {
        if (!heard() || initError !== undefined) return;
        const payload = errorPayload(
          'Runtime.ExitError',
          `RequestId: ${this.inFlight?.invocation.requestId ?? this.spec.environmentId} Error: ${exitMessage(exit)}`,
        );
        if (this.initSettled !== undefined) this.initSettled({ errorType: 'Runtime.ExitError', payload });
        else this.processGone(exit, payload);
      },
    };
  }

  private processGone(exit: EnvironmentExit, payload: Buffer): void {
    this.running = undefined;
    const inFlight = this.inFlight;
    if (inFlight !== undefined) {
      this.deps.log.exited(inFlight.invocation.requestId, exitMessage(exit));
      this.finish(inFlight, 'error', payload, 'Runtime.ExitError', exit.undelivered);
      return;
    }
    if (this.current === 'ready' || this.current === 'busy' || this.current === 'broken') void this.stop();
  }

  private answered(requestId: string, maxMemoryBytes: number | undefined): InFlight | undefined {
    const inFlight = this.inFlight;
    if (inFlight === undefined || inFlight.invocation.requestId !== requestId) return undefined;
    if (maxMemoryBytes !== undefined) {
      this.memorySampledAt = Number.POSITIVE_INFINITY;
      if (maxMemoryBytes > this.maxMemoryBytes) this.maxMemoryBytes = maxMemoryBytes;
    }
    return inFlight;
  }

  private succeeded(inFlight: InFlight, payload: Buffer): void {
    if (payload.length <= MAX_RESPONSE_PAYLOAD_BYTES) {
      this.finish(inFlight, 'success', payload, undefined);
      return;
    }
    const message = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_PAYLOAD_BYTES} bytes).`;
    const refused = Buffer.from(
      JSON.stringify({ errorMessage: message, errorType: 'Function.ResponseSizeTooLarge' }),
    );
    this.finish(inFlight, 'failure', refused, 'Function.ResponseSizeTooLarge');
  }

  private timedOut(inFlight: InFlight): void {
    if (this.inFlight !== inFlight) return;
    const { requestId } = inFlight.invocation;
    this.deps.log.timedOut(requestId, this.record.timeoutSeconds);
    this.finish(
      inFlight,
      'timeout',
      timeoutPayload(requestId, this.record.timeoutSeconds),
      'Sandbox.Timedout',
    );
  }

  /**
   * Ends the invocation. The caller is answered at once; END and REPORT follow one turn of the loop
   * later, when output written before the answer has been read, and then the environment is ready.
   * A caller who wants the log tail waits for that.
   */
  private finish(
    inFlight: InFlight,
    status: InvocationStatus,
    payload: Buffer,
    errorType: string | undefined,
    undelivered?: true,
  ): void {
    clearTimeout(inFlight.timer);
    this.inFlight = undefined;
    const { clock } = this.deps;
    const elapsedMs = clock.monotonic() - inFlight.startedAt;
    const durationMs = status === 'timeout' ? this.record.timeoutSeconds * 1_000 : elapsedMs;
    const initDurationMs = this.initDurationMs;
    this.initDurationMs = undefined;
    // Since August 2025 AWS bills the Init phase too (announcement "Standardizing billing for the INIT phase").
    const billedDurationMs = Math.max(1, Math.ceil(durationMs + (initDurationMs ?? 0)));
    const report = {
      status,
      durationMs,
      billedDurationMs,
      memorySizeMb: this.record.memoryMb,
      maxMemoryUsedMb: 0,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
    };
    const failed =
      status === 'success'
        ? {}
        : {
            functionError: 'Unhandled' as const,
            errorType: errorType!,
            ...(undelivered === undefined ? {} : { undelivered }),
          };
    const complete = (): void => {
      report.maxMemoryUsedMb = Math.ceil(this.maxMemoryBytes / (1024 * 1024));
      this.deps.log.end(inFlight.invocation.requestId, report, errorType);
      if (inFlight.tail !== undefined) {
        inFlight.resolve({ ...failed, payload, report, logTail: inFlight.tail.toBuffer() });
      }
      // A handled error leaves the environment warm; an exit or a time-out does not.
      if ((status === 'success' || status === 'failure') && !this.isLeaving) this.becomeReady();
      else void this.stop();
    };
    if (inFlight.tail === undefined) inFlight.resolve({ ...failed, payload, report });
    if (
      clock.monotonic() - this.memorySampledAt < MEMORY_SAMPLE_MS ||
      this.memorySampledAt === Number.POSITIVE_INFINITY
    ) {
      setImmediate(complete);
    } else void this.sampleMemory().then(complete);
  }

  private async sampleMemory(): Promise<void> {
    this.memorySampledAt = this.deps.clock.monotonic();
    const bytes = await this.running?.maxMemoryBytes().catch(() => undefined);
    if (bytes !== undefined && bytes > this.maxMemoryBytes) this.maxMemoryBytes = bytes;
  }

  private becomeReady(): void {
    if (this.current !== 'busy') return;
    if (this.running === undefined) {
      void this.stop();
      return;
    }
    this.transition('ready');
    this.idleSinceMs = this.deps.clock.now();
    this.owner.onReady(this);
  }

  private transition(to: EnvironmentState): void {
    invariant(
      TRANSITIONS[this.current].includes(to),
      `environment: ${this.current} → ${to} is not a transition`,
    );
    this.current = to;
  }
}
