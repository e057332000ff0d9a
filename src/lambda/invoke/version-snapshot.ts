/** The snapshot of one published version: from the init that leads to it to the end of the last environment made of it. */
import type { Clock } from '../../core/clock.ts';
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  Sandbox,
  Snapshot,
} from '../../ports/environment.ts';
import type { SnapshotProblem } from '../records/snapshot-problem.ts';
import type { EnvironmentLog } from './environment-log.ts';
import { phaseReport } from './init-phase.ts';
import { runtimeEnd } from './outcome.ts';

export interface VersionSnapshotDependencies {
  readonly clock: Clock;
  readonly sandbox: Pick<Sandbox, 'level' | 'snapshotProblem' | 'startSnapshot'>;
}

/** The environment whose init becomes the snapshot. */
export interface SnapshotEnvironment {
  readonly spec: EnvironmentSpec;
  readonly log: EnvironmentLog;
  readonly initTimeoutMs: number;
}

/** AWS's words for the status of a version whose init failed for its snapshot (serverless/serverless#13847). */
const INIT_FAILED: SnapshotProblem = {
  kind: 'function',
  reason: 'An error occurred during function initialization.',
};

export const INTERRUPTED: SnapshotProblem = { kind: 'interrupted', reason: 'The server is closing.' };

type InitEnd = 'ready' | 'timeout' | 'closed' | { readonly errorType: string };

export class VersionSnapshot {
  private readonly deps: VersionSnapshotDependencies;
  private readonly onEnd: () => void;
  private readonly init = Promise.withResolvers<InitEnd>();
  private snapshot: Snapshot | undefined;
  /** Environments that were restored and have not ended. */
  private uses = 0;
  private isRetired = false;
  private isClosed = false;

  /** `onEnd` is called once nothing of it runs any more; not where it has never run. */
  constructor(deps: VersionSnapshotDependencies, onEnd: () => void) {
    this.deps = deps;
    this.onEnd = onEnd;
  }

  /** Runs the init; resolves with why there is no snapshot. */
  async take({ spec, log, initTimeoutMs }: SnapshotEnvironment): Promise<SnapshotProblem | undefined> {
    const { sandbox, clock } = this.deps;
    const reason = await this.hostProblem(spec);
    if (reason !== undefined) return { kind: 'host', reason };
    log.initStart(spec.installation);
    const startedAt = clock.monotonic();
    const timer = setTimeout(() => this.init.resolve('timeout'), initTimeoutMs);
    try {
      if (this.isClosed) return INTERRUPTED;
      this.snapshot = await sandbox.startSnapshot!(spec, this.listener(log));
      const end = await this.init.promise;
      if (end === 'closed') {
        // It may have been closed before there was anything to end.
        await this.snapshot.close();
        return INTERRUPTED;
      }
      log.initReport({ phase: 'init', ...phaseReport(clock.monotonic() - startedAt, end) });
      if (end === 'ready') {
        this.snapshot.expect?.();
        return undefined;
      }
      await this.snapshot.close();
      return INIT_FAILED;
    } finally {
      clearTimeout(timer);
    }
  }

  async restore(spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> {
    this.uses += 1;
    try {
      const exit = (end: EnvironmentExit): void => this.ended(listener, end);
      return await this.snapshot!.restore(spec, { ...listener, exit });
    } catch (error) {
      this.unused();
      throw error;
    }
  }

  /** It ends with the last environment that was restored from it. */
  retire(): void {
    this.isRetired = true;
    if (this.uses === 0) void this.close();
  }

  /** Ends it and what was restored from it. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.init.resolve('closed');
    await this.snapshot?.close();
  }

  private ended(listener: EnvironmentListener, exit: EnvironmentExit): void {
    listener.exit(exit);
    this.unused();
  }

  private unused(): void {
    this.uses -= 1;
    if (this.isRetired && this.uses === 0) void this.close();
  }

  private async hostProblem(spec: EnvironmentSpec): Promise<string | undefined> {
    const { sandbox } = this.deps;
    if (sandbox.snapshotProblem !== undefined && sandbox.startSnapshot !== undefined)
      return sandbox.snapshotProblem(spec);
    return `At the isolation level '${sandbox.level}' no snapshots can be taken.`;
  }

  private listener(log: EnvironmentLog): EnvironmentListener {
    return {
      ready: () => this.init.resolve('ready'),
      initError: (errorType) => this.init.resolve({ errorType }),
      output: (line) => log.output(line),
      initRuntimeDone: (status, errorType) => log.initRuntimeDone('init', status, errorType),
      exit: (exit) => {
        this.init.resolve({ errorType: runtimeEnd(exit).reportedType });
        this.onEnd();
      },
      // It gets no events.
      response: () => {},
      responseChunk: () => undefined,
      error: () => {},
      leaving: () => {},
    };
  }
}
