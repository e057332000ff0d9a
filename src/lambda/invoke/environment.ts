/**
 * One execution environment: a runtime process in a sandbox that handles one event at a time.
 *
 *   starting ──► ready ◄──► busy
 *      │           │          │
 *      └► broken ──┼──► busy  │      broken: init failed; the first invocation tries init once more,
 *           │      │          │      as AWS does
 *           └──────┴────► stopping ──► dead
 *
 * Every other transition is a bug. The owner (`FunctionPool`) learns of `ready`, `stopping` and `dead`.
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
  ShutdownReason,
} from '../../ports/environment.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { EnvironmentLog } from './environment-log.ts';
import { IdleFreezer } from './idle-freezer.ts';
import { INIT_TIMEOUT_MS, MAX_RESPONSE_PAYLOAD_BYTES, PROVISIONED_INIT_TIMEOUT_MS } from './invoke-limits.ts';
import { LogTail } from './log-tail.ts';
import { MemoryFigure } from './memory-figure.ts';
import type { InvocationOutcome, InvocationStatus, RestoreDuration } from './outcome.ts';
import { billedDurationMs, errorPayload, exitMessage, OUT_OF_MEMORY, timeoutPayload } from './outcome.ts';
import type { InitializationType } from './platform-records.ts';
import type { ResponseStream } from './response-stream.ts';
import type { SnapshotSource } from './restore-phase.ts';
import { restorePhase, SnapshotLost } from './restore-phase.ts';
import { WrittenResponse } from './written-response.ts';

export type EnvironmentState = 'starting' | 'ready' | 'broken' | 'busy' | 'stopping' | 'dead';

const TRANSITIONS: Readonly<Record<EnvironmentState, readonly EnvironmentState[]>> = {
  starting: ['ready', 'broken', 'stopping'],
  ready: ['busy', 'stopping'],
  broken: ['busy', 'stopping'],
  busy: ['ready', 'stopping'],
  stopping: ['dead'],
  dead: [],
};

const BYTES_PER_MB = 1024 * 1024;

export interface Invocation extends Omit<RuntimeEvent, 'deadlineMs'> {
  readonly wantsLogTail: boolean;
  /** Gets what a streaming function writes, as it is written; without it, it is gathered. The caller ends it. */
  readonly stream?: ResponseStream;
}

export interface EnvironmentDependencies {
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly log: EnvironmentLog;
  /** Absent for one that is started because an invocation needs it. */
  readonly initializationType?: InitializationType;
  /** It is restored from this one instead of running its init. */
  readonly snapshot?: SnapshotSource;
}

export interface EnvironmentOwner {
  /** May take the next event. */
  onReady(environment: Environment): void;
  /** Will never take one again; its processes are going. */
  onStopping(environment: Environment): void;
  /** Nothing of it is left. */
  onDead(environment: Environment): void;
}

interface InitFailure {
  readonly errorType: string;
  readonly payload: Buffer;
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

type InitEnd = InitFailure | 'ready' | 'timeout' | 'stopped';

interface InFlight {
  readonly invocation: Invocation;
  readonly startedAt: number;
  readonly tail: LogTail | undefined;
  readonly resolve: (outcome: InvocationOutcome) => void;
  timer: NodeJS.Timeout | undefined;
  /** What the function has written, where it is a streaming one. */
  written: WrittenResponse | undefined;
}

export class Environment {
  readonly record: FunctionRecord;
  /** Service time, epoch milliseconds, at which it was made. */
  readonly bornMs: number;
  /** Service time, epoch milliseconds, since which it has had no work. */
  idleSinceMs = 0;
  private current: EnvironmentState = 'starting';
  private running: RunningEnvironment | undefined;
  /** The runtime has said that it exits after the outcome it owes. */
  private isLeaving = false;
  private inFlight: InFlight | undefined;
  /** END and REPORT of the invocation before, while its memory is being measured. */
  private owedReport: (() => void) | undefined;
  private initDurationMs: number | undefined;
  private restoreDuration: RestoreDuration | undefined;
  /** Settles the init in progress; undefined when none is. */
  private initSettled: ((end: InitEnd) => void) | undefined;
  /** The start of the latest process, which may be under way. */
  private launched: Promise<RunningEnvironment> | undefined;
  /** The end of a process whose init took too long. */
  private ending: Promise<void> | undefined;
  /** Processes started so far; only the latest one is heard. */
  private processes = 0;
  private readonly memory: MemoryFigure;

  private readonly deps: EnvironmentDependencies;
  private readonly spec: EnvironmentSpec;
  private readonly freezer: IdleFreezer;
  private readonly owner: EnvironmentOwner;

  constructor(
    deps: EnvironmentDependencies,
    record: FunctionRecord,
    spec: EnvironmentSpec,
    owner: EnvironmentOwner,
  ) {
    this.deps = deps;
    this.bornMs = deps.clock.now();
    this.record = record;
    this.spec = spec;
    this.memory = new MemoryFigure(() => deps.clock.monotonic());
    this.freezer = new IdleFreezer(
      () => this.running?.freeze?.(),
      () => deps.clock.monotonic(),
    );
    this.owner = owner;
  }

  get state(): EnvironmentState {
    return this.current;
  }

  /**
   * Runs the Init phase; afterwards the state is `ready` or `broken`. Rejects if no sandbox could be made. Or the
   * Restore phase, which rejects with AWS's error when it fails.
   */
  async start(): Promise<void> {
    const { snapshot } = this.deps;
    if (snapshot !== undefined) {
      await this.restore(snapshot).catch(async (error: unknown) => {
        if (!(error instanceof SnapshotLost)) throw error;
        await snapshot.discard();
        if (this.current === 'starting') await this.restore(snapshot);
      });
      return;
    }
    this.deps.log.initStart(this.spec.installation);
    const failure = await this.init('init');
    if (this.current !== 'starting') return;
    this.transition(failure === undefined ? 'ready' : 'broken');
    this.idleSinceMs = this.deps.clock.now();
  }

  private async restore(snapshot: SnapshotSource): Promise<void> {
    const settled = new Promise<InitEnd>((resolve) => {
      this.initSettled = resolve;
    });
    this.processes += 1;
    try {
      this.restoreDuration = await restorePhase({
        ...this.deps,
        snapshot,
        spec: this.spec,
        listener: this.listener(this.processes, 'init'),
        settled,
        timeOut: () => this.initSettled?.('timeout'),
        launched: (launching) => {
          this.launched = launching.then((running) => {
            this.running = running;
            return running;
          });
          this.launched.catch(() => {});
        },
      });
    } finally {
      this.initSettled = undefined;
    }
    if (this.current !== 'starting') return;
    this.transition('ready');
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
        written: undefined,
      };
      this.inFlight = inFlight;
      this.payReport();
      log.begin(invocation.requestId, invocation.tenantId, tail);
      const timeoutMs = this.record.timeoutSeconds * 1_000;
      inFlight.timer = setTimeout(() => this.timedOut(inFlight), timeoutMs);
      if (wasBroken) void this.initAgain(inFlight, timeoutMs);
      else this.dispatch(inFlight, timeoutMs);
    });
  }

  /** Leads through the Shutdown phase; resolves when nothing of its processes is left. */
  async stop(reason: ShutdownReason = 'spindown'): Promise<void> {
    if (this.current === 'dead') return;
    const wasStopping = this.current === 'stopping';
    if (!wasStopping) {
      // Subscribers hear of the report before the end.
      this.payReport();
      this.transition('stopping');
      this.owner.onStopping(this);
    }
    this.initSettled?.('stopped');
    const latest = this.running ?? (await this.launched?.catch(() => undefined));
    await (latest?.shutdown?.(reason) ?? latest?.kill());
    if (this.state === 'dead') return;
    this.transition('dead');
    this.owner.onDead(this);
  }

  private dispatch(inFlight: InFlight, timeoutMs: number): void {
    invariant(this.running !== undefined, 'an environment without a process got an event');
    // Member by member: this is made for every invocation, and a rest pattern copies one by one at run time.
    const { requestId, invokedFunctionArn, traceId, clientContext, cognitoIdentity, tenantId, payload } =
      inFlight.invocation;
    // The deadline is for code that compares it with its own Date.now(): real time, not service time.
    const deadlineMs = Date.now() + timeoutMs;
    this.running.invoke({
      requestId,
      invokedFunctionArn,
      deadlineMs,
      traceId,
      clientContext,
      cognitoIdentity,
      tenantId,
      payload,
    });
  }

  private async initAgain(inFlight: InFlight, timeoutMs: number): Promise<void> {
    const failure = await this.init('invoke').catch((error: Error) => ({
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

  private async init(phase: 'init' | 'invoke'): Promise<InitFailure | undefined> {
    const { clock, log } = this.deps;
    const startedAt = clock.monotonic();
    const settled = new Promise<InitEnd>((resolve) => {
      this.initSettled = resolve;
    });
    // An init inside an invocation has that one's time-out.
    const isProvisioned = this.deps.initializationType === 'provisioned-concurrency';
    const timeoutMs = isProvisioned ? PROVISIONED_INIT_TIMEOUT_MS : INIT_TIMEOUT_MS;
    const timer = phase === 'init' ? setTimeout(() => this.initSettled?.('timeout'), timeoutMs) : undefined;
    try {
      const previous = this.running;
      this.running = undefined;
      this.isLeaving = false;
      this.processes += 1;
      log.connect(undefined);
      await previous?.kill();
      // Both have the same name on the host, for its directory and its cgroup.
      await this.ending;
      if (this.current === 'stopping' || this.current === 'dead') return STOPPED;
      this.launched = this.deps.sandbox.start(this.spec, this.listener(this.processes, phase));
      this.running = await this.launched;
      log.connect(this.running);
      const end = await settled;
      const durationMs = clock.monotonic() - startedAt;
      switch (end) {
        case 'ready':
          this.running.initDone?.();
          // No invocation has waited for what was provisioned, so that none reports it or is billed for it.
          if (phase === 'init' && !isProvisioned) this.initDurationMs = durationMs;
          log.initReport({ phase, durationMs, status: 'success' });
          return undefined;
        case 'timeout':
          this.ending = this.running.kill();
          this.running = undefined;
          log.initReport({ phase, durationMs, status: 'timeout' });
          return INIT_TIMED_OUT;
        case 'stopped':
          return STOPPED;
        default:
          log.initReport({ phase, durationMs, status: 'error', errorType: end.errorType });
          return end;
      }
    } finally {
      clearTimeout(timer);
      this.initSettled = undefined;
    }
  }

  /** A listener for one process; what an earlier process still says is not heard. */
  private listener(processNumber: number, phase: 'init' | 'invoke'): EnvironmentListener {
    let initError: InitFailure | undefined;
    const heard = (): boolean => processNumber === this.processes;
    return {
      ready: () => {
        if (heard()) this.initSettled?.('ready');
      },
      initError: (errorType, payload) => {
        initError = { errorType, payload };
        if (heard()) this.initSettled?.(initError);
      },
      response: (requestId, payload, maxMemoryBytes) => {
        const inFlight = heard() ? this.answered(requestId, maxMemoryBytes) : undefined;
        if (inFlight !== undefined) this.succeeded(inFlight, payload);
      },
      responseChunk: (requestId, chunk) => {
        const inFlight = heard() ? this.answered(requestId, undefined) : undefined;
        if (inFlight === undefined) return undefined;
        inFlight.written ??= new WrittenResponse(inFlight.invocation.stream);
        return inFlight.written.write(chunk);
      },
      responseType: (requestId, contentType) => {
        const stream = heard() ? this.answered(requestId, undefined)?.invocation.stream : undefined;
        if (stream !== undefined) stream.contentType = contentType;
      },
      error: (requestId, errorType, payload, maxMemoryBytes) => {
        const inFlight = heard() ? this.answered(requestId, maxMemoryBytes) : undefined;
        if (inFlight !== undefined) this.finish(inFlight, 'failure', payload, errorType);
      },
      output: (line: EnvironmentOutput) => this.deps.log.output(line),
      extension: (extension) => this.deps.log.extension(extension),
      subscribed: (subscription) => this.deps.log.subscribed(subscription),
      initRuntimeDone: (status, errorType) => this.deps.log.initRuntimeDone(phase, status, errorType),
      leaving: () => {
        if (heard()) this.isLeaving = true;
      },
      exit: (exit) => {
        if (!heard() || initError !== undefined) return;
        this.running = undefined;
        this.processGone(exit);
      },
    };
  }

  private processGone(exit: EnvironmentExit): void {
    const inFlight = this.inFlight;
    const { errorType, message } = exit.problem ?? {
      errorType: 'Runtime.ExitError',
      message: exitMessage(exit),
    };
    const reported = exit.outOfMemory === true ? OUT_OF_MEMORY : errorType;
    if (exit.outOfMemory === true) this.memory.exhausted(this.record.memoryMb * BYTES_PER_MB);
    const requestId = inFlight?.invocation.requestId ?? this.spec.environmentId;
    const payload = errorPayload(errorType, `RequestId: ${requestId} Error: ${message}`);
    if (inFlight !== undefined) this.deps.log.exited(requestId, message, errorType);
    if (this.initSettled !== undefined) this.initSettled({ errorType: reported, payload });
    else if (inFlight !== undefined) this.finish(inFlight, 'error', payload, reported, exit.undelivered);
    else if (this.current === 'ready' || this.current === 'busy' || this.current === 'broken')
      void this.stop();
  }

  private answered(requestId: string, maxMemoryBytes: number | undefined): InFlight | undefined {
    const inFlight = this.inFlight;
    if (inFlight === undefined || inFlight.invocation.requestId !== requestId) return undefined;
    this.memory.reported(maxMemoryBytes);
    return inFlight;
  }

  private succeeded(inFlight: InFlight, last: Buffer): void {
    const { written } = inFlight;
    const payload = written === undefined ? last : written.payload(last);
    const isTooLarge = written?.isTooLarge === true || payload.length > MAX_RESPONSE_PAYLOAD_BYTES;
    if (!isTooLarge) {
      this.finish(inFlight, 'success', payload, undefined);
      return;
    }
    const maxBytes = written?.maxBytes ?? MAX_RESPONSE_PAYLOAD_BYTES;
    const message = `Response payload size exceeded maximum allowed payload size (${maxBytes} bytes).`;
    const refused = Buffer.from(
      JSON.stringify({ errorMessage: message, errorType: 'Function.ResponseSizeTooLarge' }),
    );
    this.finish(inFlight, 'failure', refused, 'Function.ResponseSizeTooLarge');
  }

  private timedOut(inFlight: InFlight): void {
    if (this.inFlight !== inFlight) return;
    const { requestId } = inFlight.invocation;
    if (this.initSettled !== undefined) {
      const durationMs = this.deps.clock.monotonic() - inFlight.startedAt;
      this.deps.log.initReport({ phase: 'invoke', durationMs, status: 'timeout' });
    }
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
    const restore = this.restoreDuration;
    this.initDurationMs = undefined;
    this.restoreDuration = undefined;
    const { tenantId } = inFlight.invocation;
    let report = {
      status,
      durationMs,
      billedDurationMs: billedDurationMs(durationMs, initDurationMs ?? restore?.billedDurationMs),
      memorySizeMb: this.record.memoryMb,
      maxMemoryUsedMb: 0,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
      ...(restore === undefined ? {} : { restore }),
      ...(tenantId === undefined ? {} : { tenantId }),
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
      if (this.owedReport === complete) this.owedReport = undefined;
      report.maxMemoryUsedMb = Math.ceil(this.memory.bytes / BYTES_PER_MB);
      this.deps.log.end(inFlight.invocation.requestId, report, errorType);
      if (inFlight.tail !== undefined) {
        inFlight.resolve({ ...failed, payload, report, logTail: inFlight.tail.toBuffer() });
      }
    };
    if (inFlight.tail === undefined) inFlight.resolve({ ...failed, payload, report });
    const runtimeDone = (): void =>
      this.deps.log.runtimeDone(inFlight.invocation.requestId, {
        status,
        durationMs,
        producedBytes: payload.length,
        errorType,
      });
    // A handled error leaves the environment warm; an exit or a time-out does not.
    let staysWarm = (status === 'success' || status === 'failure') && !this.isLeaving;
    const wrapUp = (): void => {
      this.owedReport = complete;
      const measured = this.memory.measure(this.running, elapsedMs);
      if (staysWarm) {
        if (measured === undefined) complete();
        else void measured.then(() => this.payReport(complete));
        this.becomeReady();
      } else {
        void Promise.resolve(measured).then(() => {
          this.payReport(complete);
          void this.stop(report.status === 'timeout' ? 'timeout' : 'spindown');
        });
      }
    };
    const atWork = staysWarm ? this.running?.extensionsAtWork?.() : undefined;
    if (atWork === undefined) {
      setImmediate(() => {
        runtimeDone();
        wrapUp();
      });
      return;
    }
    setImmediate(runtimeDone);
    void this.extensionsDone(inFlight, atWork).then((isInTime) => {
      // Extensions count: an invocation lasts until they ask for the next event too.
      const lastedMs = clock.monotonic() - inFlight.startedAt;
      report = {
        ...report,
        durationMs: lastedMs,
        billedDurationMs: billedDurationMs(lastedMs, initDurationMs ?? restore?.billedDurationMs),
      };
      if (!isInTime) {
        staysWarm = false;
        report.status = 'timeout';
        this.deps.log.timedOut(inFlight.invocation.requestId, this.record.timeoutSeconds);
      }
      // Not before subscribers have been told that the runtime is done.
      setImmediate(wrapUp);
    });
  }

  /** False when the function's time-out came before its extensions were done. */
  private async extensionsDone(inFlight: InFlight, atWork: Promise<void>): Promise<boolean> {
    const { clock } = this.deps;
    const leftMs = this.record.timeoutSeconds * 1_000 - (clock.monotonic() - inFlight.startedAt);
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), Math.max(0, leftMs));
    });
    const isInTime = await Promise.race([atWork.then(() => true), timedOut]);
    clearTimeout(timer);
    return isInTime;
  }

  /** Writes a report that is still owed; the next invocation does not wait for its memory figure. */
  private payReport(report = this.owedReport): void {
    if (report !== undefined && report === this.owedReport) report();
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
    if (to === 'ready') this.freezer.idle();
    else if (to === 'busy') this.freezer.work();
    else this.freezer.close();
  }
}
