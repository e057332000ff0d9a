/** Windows that follow one another without a gap, with a state that goes from batch to batch. */

/** As it is stored with the position up to which the window has been handled. */
export interface OpenWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly state: unknown;
}

export interface BatchWindow extends OpenWindow {
  /** Nothing more will come of this window. */
  readonly isFinal: boolean;
  /** It ends before its time, as its state has become too large. */
  readonly isTerminatedEarly: boolean;
}

/** Source: Lambda developer guide, "Using Kinesis for time-based aggregation": state of a window per shard. */
const MAX_STATE_BYTES = 1024 * 1024;

/** Source: the same; a window is taken to be over when so long after its end no record of a later one has come. */
export const IDLE_WINDOW_MS = 120_000;

/** The window in which a record belongs that arrived then, without a state yet. */
export function windowAt(arrivedAtMs: number, lengthSeconds: number): OpenWindow {
  const lengthMs = lengthSeconds * 1_000;
  const startMs = Math.floor(arrivedAtMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs, state: {} };
}

export function isTooLarge(state: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(state)) > MAX_STATE_BYTES;
}
