/** Why a version with SnapStart has no snapshot, or one on managed instances no environments. */
export interface SnapshotProblem {
  /**
   * Its own init failed; there can be none on this host; its capacity provider is full; or the server stops, and the
   * next start takes it.
   */
  readonly kind: 'function' | 'host' | 'capacity' | 'interrupted';
  /** A sentence for a `StateReason`. */
  readonly reason: string;
}
