/** Limits of durable functions. Source: Lambda developer guide and quotas of durable functions, 2025-12. */
import type { BackOff } from '../../core/back-off.ts';

/** The longest execution a caller may wait for, seconds. */
export const MAX_SYNCHRONOUS_EXECUTION_SECONDS = 900;

/** Days for which the history of an ended execution is kept when the function does not say. */
export const DEFAULT_RETENTION_DAYS = 14;

/** Bytes of an update that carries an error. Source: the words of AWS's own testing kit. */
export const MAX_ERROR_BYTES = 32_768;

/** Operations that an execution may begin. Source: Lambda quotas, "Durable functions". */
export const MAX_EXECUTION_OPERATIONS = 3_000;

/** Bytes of the payloads that an execution has kept, all of them together. Source: as above, "100 MB". */
export const MAX_EXECUTION_PAYLOAD_BYTES = 100 * 1024 * 1024;

/** Bytes of state that an invocation brings along; what is more is fetched by the function in pages. */
export const MAX_INITIAL_STATE_BYTES = 4 * 1024 * 1024;

/** Items of a page of state or history when the caller does not say; the model has at most 1,000. */
export const DEFAULT_PAGE_ITEMS = 100;

/** Before an invocation that failed is tried again. */
export const RETRY: BackOff = { firstMs: 1_000, maxMs: 5 * 60_000 };

/** Random bytes in the id of a callback, whose other parts can be known. */
export const CALLBACK_SECRET_BYTES = 8;

export const MS_PER_DAY = 86_400_000;
