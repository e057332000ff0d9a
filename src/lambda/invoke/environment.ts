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

import { invariant } from '../../core/errors.ts';
import type { EnvironmentExit, EnvironmentSpec, ShutdownReason } from '../../ports/environment.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { EnvironmentRuntimeDependencies, RuntimeOwner } from './environment-runtime.ts';
import { EnvironmentRuntime } from './environment-runtime.ts';
import { IdleFreezer } from './idle-freezer.ts';
import type { Answer, Invocation, InvocationPlace } from './in-flight-invocation.ts';
import { InFlightInvocation } from './in-flight-invocation.ts';
import type { InitFailure } from './init-phase.ts';
import { phaseReport } from './init-phase.ts';
import { INIT_TIMEOUT_MS, PROVISIONED_INIT_TIMEOUT_MS } from './invoke-limits.ts';
import { MemoryFigure } from './memory-figure.ts';
import type { InvocationOutcome, RestoreDuration } from './outcome.ts';
import { errorPayload, runtimeEnd, runtimeEndPayload, timeoutPayload } from './outcome.ts';
import type { InitializationType } from './platform-records.ts';
import type { SnapshotSource } from './restore-phase.ts';
import { SnapshotLost } from './restore-phase.ts';

export type EnvironmentState = 'starting' | 'ready' | 'broken' | 'busy' | 'stopping' | 'dead';

const TRANSITIONS: Readonly<Record<EnvironmentState, readonly EnvironmentState[]>> = {
  starting: ['ready', 'broken', 'stopping'],
  ready: ['busy', 'stopping'],
  broken: ['busy', 'stopping'],
  busy: ['ready', 'stopping'],
  stopping: ['dead'],
  dead: [],
};

export interface EnvironmentDependencies extends EnvironmentRuntimeDependencies {
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

export class Environment {
  readonly record: FunctionRecord;
  /** Service time, epoch milliseconds, at which it was made. */
  readonly bornMs: number;
  /** Service time, epoch milliseconds, since which it has had no work. */
  idleSinceMs = 0;
  private current: EnvironmentState = 'starting';
  private inFlight: InFlightInvocation | undefined;
  /** END and REPORT of the invocation before, while its memory is being measured. */
  private owedReport: InFlightInvocation | undefined;
  private initDurationMs: number | undefined;
  private restoreDuration: RestoreDuration | undefined;
  private readonly memory: MemoryFigure;

  private readonly deps: EnvironmentDependencies;
  private readonly spec: EnvironmentSpec;
  private readonly freezer: IdleFreezer;
  private readonly owner: EnvironmentOwner;
  private readonly place: InvocationPlace;
  private readonly runtime: EnvironmentRuntime;

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
    this.place = { clock: deps.clock, log: deps.log, record };
    this.memory = new MemoryFigure(() => deps.clock.monotonic());
    this.freezer = new IdleFreezer(
      () => this.runtime.running?.freeze?.(),
      () => deps.clock.monotonic(),
    );
    this.owner = owner;
    this.runtime = new EnvironmentRuntime(deps, spec, this.hears());
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
    this.restoreDuration = await this.runtime.restore(snapshot);
    if (this.current !== 'starting') return;
    this.transition('ready');
    this.idleSinceMs = this.deps.clock.now();
  }

  /** Sends one event; resolves with whatever became of it and never rejects for what user code does. */
  invoke(invocation: Invocation): Promise<InvocationOutcome> {
    const wasBroken = this.current === 'broken';
    this.transition('busy');
    const inFlight = new InFlightInvocation(invocation, this.place);
    this.inFlight = inFlight;
    this.payReport();
    inFlight.begin(() => this.timedOut(inFlight));
    if (wasBroken) void this.initAgain(inFlight);
    else this.dispatch(inFlight);
    return inFlight.outcome;
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
    await this.runtime.stop(reason);
    if (this.state === 'dead') return;
    this.transition('dead');
    this.owner.onDead(this);
  }

  private dispatch(inFlight: InFlightInvocation): void {
    const { running } = this.runtime;
    invariant(running !== undefined, 'an environment without a process got an event');
    // Member by member: this is made for every invocation, and a rest pattern copies one by one at run time.
    const { requestId, invokedFunctionArn, traceId, clientContext, cognitoIdentity, tenantId, payload } =
      inFlight.invocation;
    // The deadline is for code that compares it with its own Date.now(): real time, not service time.
    const deadlineMs = Date.now() + inFlight.timeoutMs;
    running.invoke({
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

  private async initAgain(inFlight: InFlightInvocation): Promise<void> {
    const failure = await this.init('invoke').catch((error: Error) => ({
      errorType: 'Runtime.ExitError',
      payload: errorPayload('Runtime.ExitError', error.message),
    }));
    if (this.inFlight !== inFlight) return;
    if (failure === undefined) this.dispatch(inFlight);
    else this.finish(inFlight, { status: 'error', ...failure });
  }

  private async init(phase: 'init' | 'invoke'): Promise<InitFailure | undefined> {
    const isProvisioned = this.deps.initializationType === 'provisioned-concurrency';
    const limitMs = isProvisioned ? PROVISIONED_INIT_TIMEOUT_MS : INIT_TIMEOUT_MS;
    // An init inside an invocation has that one's time-out.
    const { failure, durationMs } = await this.runtime.init(phase, phase === 'init' ? limitMs : undefined);
    // No invocation has waited for what was provisioned, so that none reports it or is billed for it.
    if (failure === undefined && phase === 'init' && !isProvisioned) this.initDurationMs = durationMs;
    return failure;
  }

  private hears(): RuntimeOwner {
    return {
      response: (requestId, payload, maxMemoryBytes) => {
        const inFlight = this.answered(requestId, maxMemoryBytes);
        if (inFlight !== undefined) this.finish(inFlight, inFlight.answer(payload));
      },
      responseChunk: (requestId, chunk) => this.answered(requestId, undefined)?.write(chunk),
      responseType: (requestId, contentType) => {
        const inFlight = this.answered(requestId, undefined);
        if (inFlight !== undefined) inFlight.contentType = contentType;
      },
      error: (requestId, errorType, payload, maxMemoryBytes) => {
        const inFlight = this.answered(requestId, maxMemoryBytes);
        if (inFlight !== undefined) this.finish(inFlight, { status: 'failure', payload, errorType });
      },
      ended: (exit) => this.processGone(exit),
    };
  }

  private processGone(exit: EnvironmentExit): void {
    const inFlight = this.inFlight;
    const end = runtimeEnd(exit);
    if (exit.outOfMemory === true) this.memory.exhausted(this.record.memoryMb);
    const requestId = inFlight?.invocation.requestId;
    const payload = runtimeEndPayload(end, requestId ?? this.spec.environmentId);
    const errorType = end.reportedType;
    if (requestId !== undefined) this.deps.log.exited(requestId, end.message, end.errorType);
    if (this.runtime.isStarting) this.runtime.settle({ errorType, payload });
    else if (inFlight !== undefined)
      this.finish(inFlight, { status: 'error', payload, errorType, undelivered: exit.undelivered });
    else if (this.current === 'ready' || this.current === 'busy' || this.current === 'broken')
      void this.stop();
  }

  private answered(requestId: string, maxMemoryBytes: number | undefined): InFlightInvocation | undefined {
    const inFlight = this.inFlight;
    if (inFlight === undefined || inFlight.invocation.requestId !== requestId) return undefined;
    this.memory.reported(maxMemoryBytes);
    return inFlight;
  }

  private timedOut(inFlight: InFlightInvocation): void {
    if (this.inFlight !== inFlight) return;
    const { requestId } = inFlight.invocation;
    const { timeoutSeconds } = this.record;
    if (this.runtime.isStarting)
      this.deps.log.initReport({ phase: 'invoke', ...phaseReport(inFlight.elapsedMs, 'timeout') });
    this.deps.log.timedOut(requestId, timeoutSeconds);
    const payload = timeoutPayload(requestId, timeoutSeconds);
    this.finish(inFlight, { status: 'timeout', payload, errorType: 'Sandbox.Timedout' });
  }

  /**
   * Ends the invocation. The caller is answered at once; END and REPORT follow one turn of the loop
   * later, when output written before the answer has been read, and then the environment is ready.
   * A caller who wants the log tail waits for that.
   */
  private finish(inFlight: InFlightInvocation, answer: Answer): void {
    this.inFlight = undefined;
    inFlight.end(answer, { initDurationMs: this.initDurationMs, restore: this.restoreDuration });
    this.initDurationMs = undefined;
    this.restoreDuration = undefined;
    const { status } = answer;
    // A handled error leaves the environment warm; an exit or a time-out does not.
    const staysWarm = (status === 'success' || status === 'failure') && !this.runtime.isLeaving;
    const atWork = staysWarm ? this.runtime.running?.extensionsAtWork?.() : undefined;
    if (atWork === undefined) {
      setImmediate(() => {
        inFlight.runtimeDone();
        this.wrapUp(inFlight, staysWarm);
      });
      return;
    }
    setImmediate(() => inFlight.runtimeDone());
    void inFlight.extensionsDone(atWork).then((isInTime) => {
      // Not before subscribers have been told that the runtime is done.
      setImmediate(() => this.wrapUp(inFlight, isInTime));
    });
  }

  /** Lets the environment be ready again, or stops it, and writes the report once its memory figure is there. */
  private wrapUp(inFlight: InFlightInvocation, staysWarm: boolean): void {
    this.owedReport = inFlight;
    const measured = this.memory.measure(this.runtime.running, inFlight.endedAfterMs);
    if (staysWarm) {
      if (measured === undefined) this.payReport(inFlight);
      else void measured.then(() => this.payReport(inFlight));
      this.becomeReady();
      return;
    }
    void Promise.resolve(measured).then(() => {
      this.payReport(inFlight);
      void this.stop(inFlight.hasTimedOut ? 'timeout' : 'spindown');
    });
  }

  /** Writes a report that is still owed; the next invocation does not wait for its memory figure. */
  private payReport(owed = this.owedReport): void {
    if (owed === undefined || owed !== this.owedReport) return;
    this.owedReport = undefined;
    owed.complete(this.memory.mb);
  }

  private becomeReady(): void {
    if (this.current !== 'busy') return;
    if (this.runtime.running === undefined) {
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
