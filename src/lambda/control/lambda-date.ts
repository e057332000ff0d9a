/** Lambda's form of a time, `2026-11-23T08:00:00.000+0000`, from epoch milliseconds. */
export function lambdaDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '+0000');
}
