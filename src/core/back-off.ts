/** How long to wait between attempts: at first, and at most. Milliseconds. */
export interface BackOff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Milliseconds to wait after so many failures in a row, 1 or more: doubled each time up to the limit. */
export function backOffMs({ firstMs, maxMs }: BackOff, failures: number): number {
  return Math.min(maxMs, firstMs * 2 ** (failures - 1));
}
