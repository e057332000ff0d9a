/** How far a provisioned concurrency configuration has come, in AWS's words. */
export interface ProvisionedStatus {
  readonly status: 'IN_PROGRESS' | 'READY' | 'FAILED';
  /** Environments that are initialised. */
  readonly allocated: number;
  /** Why it failed. */
  readonly reason?: string;
}
