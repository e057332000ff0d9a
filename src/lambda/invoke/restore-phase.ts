/** The Restore phase: an environment begins as a copy of a snapshot, and its after-restore hooks run. */
import type { Clock } from '../../core/clock.ts';
import { AwsError, PlatformError } from '../../core/errors.ts';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  Snapshot,
} from '../../ports/environment.ts';
import type { EnvironmentLog } from './environment-log.ts';
import type { InitEnd } from './init-phase.ts';
import { phaseReport } from './init-phase.ts';
import { RESTORE_TIMEOUT_MS } from './invoke-limits.ts';
import type { RestoreDuration } from './outcome.ts';

/** What environments of a version are restored from. */
export interface SnapshotSource extends Pick<Snapshot, 'restore'> {
  /** It is not used any more: the next restore is of one that is taken anew. */
  discard(): Promise<void>;
}

/** The snapshot has ended before the environment had come of it. */
export class SnapshotLost extends PlatformError {
  constructor(cause?: PlatformError) {
    const { message = 'The snapshot of the function has ended.' } = cause ?? {};
    super(message, cause?.remedy ?? 'Invoke the function again: it is taken anew.', { cause });
  }
}

export interface RestorePhase {
  readonly clock: Clock;
  readonly log: EnvironmentLog;
  readonly snapshot: SnapshotSource;
  readonly spec: EnvironmentSpec;
  /** What the environment hears besides. */
  readonly listener: EnvironmentListener;
  /** Resolves when the phase is over, which it is when it has timed out. */
  readonly settled: Promise<InitEnd>;
  readonly timeOut: () => void;
  /** Called when there is a process. */
  readonly launched: (launching: Promise<RunningEnvironment>) => void;
}

/**
 * Resolves with how long it took, undefined where the environment was stopped meanwhile. Throws AWS's errors where it
 * failed: the caller of the function hears of them, and no environment remains. Or `SnapshotLost`.
 */
export async function restorePhase(phase: RestorePhase): Promise<RestoreDuration | undefined> {
  const { clock, log, snapshot, spec, listener, settled } = phase;
  const startedAt = clock.monotonic();
  let restoredAt: number | undefined;
  log.restoreStart(spec.installation, spec.environmentId);
  const timer = setTimeout(phase.timeOut, RESTORE_TIMEOUT_MS);
  try {
    const told: EnvironmentListener = {
      ...listener,
      restored: () => {
        restoredAt = clock.monotonic();
      },
      initRuntimeDone: (status, errorType) => log.restoreRuntimeDone(status, errorType),
    };
    const launching = snapshot.restore(spec, told).catch((error: unknown) => {
      throw error instanceof PlatformError ? new SnapshotLost(error) : error;
    });
    phase.launched(launching);
    const running = await launching;
    log.connect(running);
    const end = await settled;
    if (end === 'stopped') return undefined;
    const durationMs = clock.monotonic() - startedAt;
    if (end !== 'ready') {
      if (end !== 'timeout' && restoredAt === undefined) throw new SnapshotLost();
      log.restoreReport(phaseReport(durationMs, end));
      throw end === 'timeout' ? timedOut() : failed();
    }
    running.initDone?.();
    log.restoreReport(phaseReport(durationMs, end));
    return { durationMs, billedDurationMs: Math.ceil(clock.monotonic() - (restoredAt ?? startedAt)) };
  } finally {
    clearTimeout(timer);
  }
}

/** Words of the error's documentation in Lambda's service model, as of the next. */
function failed(): AwsError {
  const message =
    'The afterRestore() runtime hook encountered an error. For more information, check the Amazon CloudWatch logs.';
  return new AwsError('SnapStartException', message, { Type: 'User' });
}

function timedOut(): AwsError {
  const message = "Lambda couldn't restore the snapshot within the timeout limit.";
  return new AwsError('SnapStartTimeoutException', message, { Type: 'User' });
}
