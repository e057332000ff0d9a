/** Figures of asynchronous invocation. Source where none is named: Lambda developer guide, "Error handling and retries". */
import type { BackOff } from '../../core/back-off.ts';

/** Largest payload of an asynchronous invocation, bytes. Source: Lambda quotas, "1 MB" (256 KB until October 2025). */
export const MAX_EVENT_PAYLOAD_BYTES = 1_048_576;

/** After a function error, by attempts so far: milliseconds until the next. */
export const ERROR_RETRY_DELAYS_MS = [60_000, 120_000] as const;
export const DEFAULT_RETRY_ATTEMPTS = 2;

/** After a throttle or a system error. */
export const BACK_OFF: BackOff = { firstMs: 1_000, maxMs: 5 * 60_000 };

/** How old an event may become, seconds. Source: PutFunctionEventInvokeConfig, `MaximumEventAgeInSeconds`. */
export const DEFAULT_EVENT_AGE_SECONDS = 6 * 3_600;

/** How long a destination or dead-letter queue that does not take an event is tried, milliseconds. AWS does not say. */
export const MAX_DELIVERY_AGE_MS = 6 * 3_600_000;

/** Bytes of the error message that a dead letter has. Source: "Dead-letter queues", "the first 1 KB". */
export const DEAD_LETTER_MESSAGE_BYTES = 1_024;

/** Events of one function that run at once, at most. AWS goes up to the function's concurrency; this is one host. */
export const MAX_IN_FLIGHT = 250;

/** Events of one function held in memory before they run: so many, and payloads of so many bytes. */
export const MAX_READY_EVENTS = 500;
export const MAX_READY_BYTES = 8 * 1024 * 1024;
