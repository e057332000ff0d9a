/**
 * The process of an environment, from its start to its end. It is started for the Init phase, and anew where that has
 * failed, or is restored from a snapshot. Only the latest one is heard.
 */
import type { Clock } from '../../core/clock.ts';
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  Sandbox,
  ShutdownReason,
} from '../../ports/environment.ts';
import type { EnvironmentLog } from './environment-log.ts';
import type { InitEnd, InitFailure } from './init-phase.ts';
import { INIT_TIMED_OUT, initPhase, STOPPED } from './init-phase.ts';
import type { RestoreDuration } from './outcome.ts';
import type { InitReport } from './platform-records.ts';
import type { SnapshotSource } from './restore-phase.ts';
import { restorePhase } from './restore-phase.ts';

export interface EnvironmentRuntimeDependencies {
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly log: EnvironmentLog;
}

/** What the environment hears of its process. */
export interface RuntimeOwner
  extends Required<Pick<EnvironmentListener, 'response' | 'responseChunk' | 'responseType' | 'error'>> {
  /** All processes are gone, which nobody has asked for. */
  ended(exit: EnvironmentExit): void;
}

export class EnvironmentRuntime {
  private readonly deps: EnvironmentRuntimeDependencies;
  private readonly spec: EnvironmentSpec;
  private readonly owner: RuntimeOwner;
  private process: RunningEnvironment | undefined;
  /** The start of the latest process, which may be under way. */
  private launched: Promise<RunningEnvironment> | undefined;
  /** Ends the phase that is under way; undefined when none is. */
  private endPhase: ((end: InitEnd) => void) | undefined;
  /** The end of a process whose init took too long. */
  private ending: Promise<void> | undefined;
  /** Processes started so far. */
  private count = 0;
  private leaves = false;
  private isStopping = false;

  constructor(deps: EnvironmentRuntimeDependencies, spec: EnvironmentSpec, owner: RuntimeOwner) {
    this.deps = deps;
    this.spec = spec;
    this.owner = owner;
  }

  /** Undefined where there is none, or it has ended. */
  get running(): RunningEnvironment | undefined {
    return this.process;
  }

  /** An Init or Restore phase is under way. */
  get isStarting(): boolean {
    return this.endPhase !== undefined;
  }

  /** It has said that it exits after the outcome it owes. */
  get isLeaving(): boolean {
    return this.leaves;
  }

  /** Resolves with why it has failed, if it has, and how long it took. Rejects if no sandbox could be made. */
  async init(
    phase: InitReport['phase'],
    timeoutMs: number | undefined,
  ): Promise<{ readonly failure: InitFailure | undefined; readonly durationMs: number }> {
    const { end, durationMs } = await this.inPhase((settled) =>
      initPhase({
        ...this.deps,
        phase,
        timeoutMs,
        settled,
        timeOut: () => this.settle('timeout'),
        launch: () => this.launch(phase),
      }),
    );
    if (end === 'timeout') {
      this.ending = this.process?.kill();
      this.process = undefined;
    }
    return { failure: failureOf(end), durationMs };
  }

  /** As `restorePhase`. */
  restore(snapshot: SnapshotSource): Promise<RestoreDuration | undefined> {
    this.count += 1;
    return this.inPhase((settled) =>
      restorePhase({
        ...this.deps,
        snapshot,
        spec: this.spec,
        listener: this.listener('init'),
        settled,
        timeOut: () => this.settle('timeout'),
        launched: (launching) => {
          this.launched = launching.then((running) => {
            this.process = running;
            return running;
          });
          this.launched.catch(() => {});
        },
      }),
    );
  }

  /** Ends the phase that is under way, if there is one. */
  settle(end: InitEnd): void {
    this.endPhase?.(end);
  }

  /** Leads through the Shutdown phase; resolves when nothing is left. */
  async stop(reason: ShutdownReason): Promise<void> {
    this.isStopping = true;
    this.settle('stopped');
    const latest = this.process ?? (await this.launched?.catch(() => undefined));
    await (latest?.shutdown?.(reason) ?? latest?.kill());
  }

  /** Starts a process in the place of the one before. */
  private async launch(phase: InitReport['phase']): Promise<RunningEnvironment | undefined> {
    const previous = this.process;
    this.process = undefined;
    this.leaves = false;
    this.count += 1;
    this.deps.log.connect(undefined);
    await previous?.kill();
    // Both have the same name on the host, for its directory and its cgroup.
    await this.ending;
    if (this.isStopping) return undefined;
    this.launched = this.deps.sandbox.start(this.spec, this.listener(phase));
    this.process = await this.launched;
    return this.process;
  }

  private async inPhase<T>(run: (settled: Promise<InitEnd>) => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<InitEnd>();
    this.endPhase = resolve;
    try {
      return await run(promise);
    } finally {
      this.endPhase = undefined;
    }
  }

  /** For the latest process. */
  private listener(phase: InitReport['phase']): EnvironmentListener {
    const number = this.count;
    const heard = (): boolean => number === this.count;
    const { owner } = this;
    const { log } = this.deps;
    let hasFailed = false;
    return {
      ready: () => {
        if (heard()) this.settle('ready');
      },
      initError: (errorType, payload) => {
        hasFailed = true;
        if (heard()) this.settle({ errorType, payload });
      },
      response: (requestId, payload, maxMemoryBytes) => {
        if (heard()) owner.response(requestId, payload, maxMemoryBytes);
      },
      responseChunk: (requestId, chunk) => (heard() ? owner.responseChunk(requestId, chunk) : undefined),
      responseType: (requestId, contentType) => {
        if (heard()) owner.responseType(requestId, contentType);
      },
      error: (requestId, errorType, payload, maxMemoryBytes) => {
        if (heard()) owner.error(requestId, errorType, payload, maxMemoryBytes);
      },
      output: (line) => log.output(line),
      extension: (extension) => log.extension(extension),
      subscribed: (subscription) => log.subscribed(subscription),
      initRuntimeDone: (status, errorType) => log.initRuntimeDone(phase, status, errorType),
      leaving: () => {
        if (heard()) this.leaves = true;
      },
      exit: (exit) => {
        if (!heard() || hasFailed) return;
        this.process = undefined;
        owner.ended(exit);
      },
    };
  }
}

function failureOf(end: InitEnd): InitFailure | undefined {
  switch (end) {
    case 'ready':
      return undefined;
    case 'timeout':
      return INIT_TIMED_OUT;
    case 'stopped':
      return STOPPED;
    default:
      return end;
  }
}
