/** Largest request payload of a synchronous invocation, bytes. Source: Lambda quotas, "6 MB". */
export const MAX_REQUEST_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** Largest response payload, bytes: 6 MB and 100 bytes, as AWS's own error message says. */
export const MAX_RESPONSE_PAYLOAD_BYTES = 6_291_556;

/** Largest streamed response, bytes. Source: Lambda quotas, "200 MB" (20 MB until July 2025). */
export const MAX_STREAMED_RESPONSE_BYTES = 200 * 1024 * 1024;

/** Init phase of an on-demand environment, milliseconds. Source: Lambda execution environment life cycle. */
export const INIT_TIMEOUT_MS = 10_000;

/**
 * Init phase of an environment that is provisioned, milliseconds. Source: Lambda execution environment life cycle,
 * "up to 15 minutes".
 */
export const PROVISIONED_INIT_TIMEOUT_MS = 15 * 60_000;

/** A snapshot's init: 130 s or the function's own time-out, if that is longer. Source: "Lambda SnapStart runtime hooks". */
export const SNAPSHOT_INIT_TIMEOUT_MS = 130_000;

/**
 * Init phase on managed instances: at least so long, or the function's own time-out up to the most, milliseconds.
 * Source: "Understanding the Lambda Managed Instances execution environment".
 */
export const MANAGED_INIT_TIMEOUT_MS = 130_000;
export const MAX_MANAGED_INIT_TIMEOUT_MS = 900_000;

/** Restoring, after-restore hooks included, milliseconds. Source: "Troubleshooting SnapStart errors". */
export const RESTORE_TIMEOUT_MS = 10_000;

/** Bytes of log that `LogType: Tail` returns. Source: Invoke API reference, "the last 4 KB". */
export const LOG_TAIL_BYTES = 4_096;

/** An environment without work for so long is stopped, milliseconds of service time. AWS does not publish its own. */
export const IDLE_ENVIRONMENT_MS = 10 * 60_000;

/**
 * An environment that has lived so long takes no more events, milliseconds of service time: its credentials must not
 * expire. Source: Lambda execution environment life cycle, "terminates execution environments every few hours"; the figure is ours.
 */
export const ENVIRONMENT_LIFETIME_MS = 4 * 3_600_000;

/** An event goes to so many environments at most, when each has ended before it reached the function. */
export const MAX_DELIVERIES = 3;

/** How long Invoke waits for a function that is still Pending, milliseconds, before AWS's 409. */
export const PENDING_WAIT_MS = 5_000;

/** Environments of one pool that are started ahead at once: invocations that wait for a start of their own must not starve. */
export const STARTS_AHEAD_AT_ONCE = 2;
