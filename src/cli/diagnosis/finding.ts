export interface Finding {
  /** What was looked at. */
  readonly subject: string;
  /** `warn`: works, with less than there could be. `fail`: a server would not start or not run functions. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly finding: string;
  readonly remedy?: string;
}
