import { MAX_BACK_OFF_MS, MIN_BACK_OFF_MS } from './event-limits.ts';

/** Milliseconds to wait after so many failures in a row, 1 or more. */
export function backOffMs(failures: number): number {
  return Math.min(MAX_BACK_OFF_MS, MIN_BACK_OFF_MS * 2 ** (failures - 1));
}
