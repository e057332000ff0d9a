/** Limits of durable functions. Source: Lambda developer guide and quotas of durable functions, 2025-12. */

/** The longest execution a caller may wait for, seconds. */
export const MAX_SYNCHRONOUS_EXECUTION_SECONDS = 900;

/** Days for which the history of an ended execution is kept when the function does not say. */
export const DEFAULT_RETENTION_DAYS = 14;

/** Bytes of an update that carries an error. Source: the words of AWS's own testing kit. */
export const MAX_ERROR_BYTES = 32_768;

/** Bytes of state that an invocation brings along; what is more is fetched by the function in pages. */
export const MAX_INITIAL_STATE_BYTES = 4 * 1024 * 1024;

/** Items of a page of state or history when the caller does not say, and at most. */
export const DEFAULT_PAGE_ITEMS = 100;
export const MAX_PAGE_ITEMS = 1_000;

/** Milliseconds before an invocation that failed is tried again: doubled from the first to the last. */
export const FIRST_RETRY_MS = 1_000;
export const MAX_RETRY_MS = 5 * 60_000;

export const MS_PER_DAY = 86_400_000;
