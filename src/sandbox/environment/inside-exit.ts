/** How a process ended, from the exit status of the one that waited for it. */

export interface ProcessStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Shells, bubblewrap and OCI runtimes report a signal as this and its number. */
const SIGNAL_BASE = 128;

/** Signals that end processes, by their numbers on Linux. */
const SIGNALS: Readonly<Record<number, NodeJS.Signals>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

/** Of a status such as 137: ended by SIGKILL. */
export function statusOf(code: number): ProcessStatus {
  const signal = code > SIGNAL_BASE ? SIGNALS[code - SIGNAL_BASE] : undefined;
  return signal === undefined ? { code, signal: null } : { code: null, signal };
}

/** What the exit of a wrapper says of the process inside. */
export function insideExit(wrapper: ProcessStatus): ProcessStatus {
  return wrapper.code === null ? wrapper : statusOf(wrapper.code);
}
