/** Every limit of the HTTP front, with its unit; AWS's where AWS has one, else ours. */

/** All header fields together. AWS's front ends take less than this for most services. */
export const MAX_HEADER_BYTES = 32 * 1024;

export interface Timeouts {
  /** Until the header of a request is complete; against clients that hold a socket and say nothing. */
  readonly headersMs: number;
  /** The longest pause within a request's body before the client is told that it timed out. */
  readonly bodyIdleMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { headersMs: 20_000, bodyIdleMs: 60_000 };

/** How long an idle connection is kept: longer than clients keep theirs, so that they end it, not we. */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** How long the rest of a refused body is read and dropped, so that the client gets to read the refusal. */
export const REFUSED_BODY_LINGER_MS = 10_000;

/** A body whose operation has no limit of its own; services name theirs in `bodyLimits`. */
export const DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024;

/** A chunk's size line or a trailer line within aws-chunked. */
export const MAX_CHUNK_LINE_BYTES = 4 * 1024;

/** What sizes, signatures and trailer may add to a body in aws-chunked that is gathered whole. */
export const MAX_CHUNKED_OVERHEAD_BYTES = 1024 * 1024;

/** How long `close` lets requests in flight go on. */
export const DEFAULT_CLOSE_DEADLINE_MS = 10_000;
