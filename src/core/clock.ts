/** A task that waits for service time; `cancel` is a no-op once the task has begun. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time. Service time is real time plus an offset that tests may move forward;
 * it rules timestamps, waits, schedules and retention. Monotonic time is never moved and rules
 * time-outs of running code, deadlines and durations.
 */
export interface Clock {
  /** Service time, milliseconds since the Unix epoch. */
  now(): number;
  /** Monotonic time in milliseconds from an arbitrary origin. */
  monotonic(): number;
  /** Runs `task` once service time has reached `dueMs` (epoch milliseconds). */
  at(dueMs: number, task: () => void | Promise<void>): Timer;
}

/** A clock that, before it is moved, waits for work that has begun, as that may schedule more. */
export interface WorkClock extends Clock {
  /** `work` has begun now, whoever asked for it; it must not itself wait for a later service time. */
  during(work: Promise<unknown>): void;
}
