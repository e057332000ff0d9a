import type { EnvironmentExit } from '../../ports/environment.ts';

/** What became of one invocation; failures of user code are data here, never exceptions. */
export interface InvocationOutcome {
  /** Absent when the function returned normally. AWS says `Unhandled` for every function error today. */
  readonly functionError?: 'Unhandled';
  /** The error type of a failed invocation, for logs: `Runtime.ExitError`, `Sandbox.Timedout`, or the code's own. */
  readonly errorType?: string;
  /** JSON text: the function's result, or the error object that the caller gets. */
  readonly payload: Buffer;
  readonly report: InvocationReport;
  /** The environment had ended before the event reached it: the function has not run. */
  readonly undelivered?: true;
  /** The invocation's log lines (START to REPORT), when the caller asked for a tail. */
  readonly logTail?: Buffer;
}

/** What whoever brought an event gets to know of how it was handled. */
export type InvocationResult = Pick<InvocationOutcome, 'functionError' | 'payload'>;

export type InvocationStatus = 'success' | 'failure' | 'error' | 'timeout';

/** The figures of a REPORT line. Durations in milliseconds with fractions, billed in whole ones. */
export interface InvocationReport {
  readonly status: InvocationStatus;
  readonly durationMs: number;
  readonly billedDurationMs: number;
  readonly memorySizeMb: number;
  readonly maxMemoryUsedMb: number;
  /** Only for the invocation that started the environment. */
  readonly initDurationMs?: number;
  /** Instead of it, where the environment was restored from a snapshot. */
  readonly restore?: RestoreDuration;
  /** Whose invocation it was, where the function isolates its tenants. */
  readonly tenantId?: string;
}

export interface RestoreDuration {
  readonly durationMs: number;
  /** The runtime's own part of it, with the after-restore hooks. Source: "Monitoring for Lambda SnapStart". */
  readonly billedDurationMs: number;
}

/** Whole milliseconds. Since August 2025 AWS bills the Init phase too ("Standardizing billing for the INIT phase"). */
export function billedDurationMs(durationMs: number, initDurationMs: number | undefined): number {
  return Math.max(1, Math.ceil(durationMs + (initDurationMs ?? 0)));
}

/**
 * What a report calls it; the caller is told of a `Runtime.ExitError` by `signal: killed`. So AWS was seen to do:
 * for the caller in awslabs/amazon-s3-find-and-forget#283, for the report in nasa-gcn/gcn.nasa.gov#3628.
 */
export const OUT_OF_MEMORY = 'Runtime.OutOfMemory';

/** AWS's error object for failures that the platform reports in the function's stead. */
export function errorPayload(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}

/** Recorded from AWS: the message carries the request id, and seconds with two decimals. */
export function timeoutPayload(requestId: string, timeoutSeconds: number): Buffer {
  return errorPayload(
    'Sandbox.Timedout',
    `RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
  );
}

/** A runtime that is gone, as its caller, the log and the report are told of it. */
export interface RuntimeEnd {
  readonly errorType: string;
  readonly message: string;
  readonly reportedType: string;
}

export function runtimeEnd(exit: EnvironmentExit): RuntimeEnd {
  const { errorType, message } = exit.problem ?? {
    errorType: 'Runtime.ExitError',
    message: exitMessage(exit),
  };
  return { errorType, message, reportedType: exit.outOfMemory === true ? OUT_OF_MEMORY : errorType };
}

/** `id` is that of the request, or of the environment where there is none. */
export function runtimeEndPayload({ errorType, message }: RuntimeEnd, id: string): Buffer {
  return errorPayload(errorType, `RequestId: ${id} Error: ${message}`);
}

/** Recorded from AWS: exit code 0 has no reason; otherwise the status or the signal is named. */
export function exitMessage(exit: { code: number | null; signal: string | null }): string {
  if (exit.signal !== null)
    return `Runtime exited with error: signal: ${SIGNAL_WORDS[exit.signal] ?? exit.signal}`;
  if (exit.code === null || exit.code === 0) return 'Runtime exited without providing a reason';
  return `Runtime exited with error: exit status ${exit.code}`;
}

/** How Go's runtime, which AWS's supervisor is written in, spells the signals that end processes. */
const SIGNAL_WORDS: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGABRT: 'aborted',
  SIGTERM: 'terminated',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGILL: 'illegal instruction',
  SIGINT: 'interrupt',
  SIGHUP: 'hangup',
  SIGPIPE: 'broken pipe',
};
