/** The Init phase: a process is started, and its runtime and extensions get ready. */
import type { Clock } from '../../core/clock.ts';
import type { RunningEnvironment } from '../../ports/environment.ts';
import type { EnvironmentLog } from './environment-log.ts';
import { errorPayload } from './outcome.ts';
import type { InitReport } from './platform-records.ts';

/** Why it has failed, for the report and for who waits for the environment. */
export interface InitFailure {
  readonly errorType: string;
  readonly payload: Buffer;
}

export const INIT_TIMED_OUT: InitFailure = {
  errorType: 'Sandbox.Timedout',
  payload: errorPayload('Sandbox.Timedout', 'Init timed out'),
};

/** Nobody hears of it: who stops an environment has no use for what it would have said. */
export const STOPPED: InitFailure = {
  errorType: 'Runtime.ExitError',
  payload: errorPayload('Runtime.ExitError', 'stopped'),
};

export type InitEnd = InitFailure | 'ready' | 'timeout' | 'stopped';

export interface InitPhase {
  readonly clock: Clock;
  readonly log: EnvironmentLog;
  readonly phase: InitReport['phase'];
  /** Without it something else limits the phase. */
  readonly timeoutMs: number | undefined;
  /** Resolves when the phase is over, which it is when it has timed out. */
  readonly settled: Promise<InitEnd>;
  readonly timeOut: () => void;
  /** Resolves with undefined where the environment was stopped before there was a process. */
  launch(): Promise<RunningEnvironment | undefined>;
}

/** Resolves with how it ended, once that is in the log. Rejects if no sandbox could be made. */
export async function initPhase(
  init: InitPhase,
): Promise<{ readonly end: InitEnd; readonly durationMs: number }> {
  const { clock, log, settled, timeoutMs } = init;
  const startedAt = clock.monotonic();
  const timer = timeoutMs === undefined ? undefined : setTimeout(init.timeOut, timeoutMs);
  try {
    const running = await init.launch();
    log.connect(running);
    const end = running === undefined ? 'stopped' : await settled;
    const durationMs = clock.monotonic() - startedAt;
    if (end === 'ready') running?.initDone?.();
    if (end !== 'stopped') log.initReport({ phase: init.phase, ...phaseReport(durationMs, end) });
    return { end, durationMs };
  } finally {
    clearTimeout(timer);
  }
}

/** What is reported of the end of an Init or Restore phase. */
export function phaseReport(
  durationMs: number,
  end: 'ready' | 'timeout' | Pick<InitFailure, 'errorType'>,
): Omit<InitReport, 'phase'> {
  if (end === 'ready') return { durationMs, status: 'success' };
  if (end === 'timeout') return { durationMs, status: 'timeout' };
  return { durationMs, status: 'error', errorType: end.errorType };
}
