/** Why a version with SnapStart has no snapshot. */
export interface SnapshotProblem {
  /** Its own init failed; there can be none on this host; or the server stops, and the next start takes it. */
  readonly kind: 'function' | 'host' | 'interrupted';
  /** A sentence for a `StateReason`. */
  readonly reason: string;
}
