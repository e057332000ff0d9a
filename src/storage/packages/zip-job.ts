/** What is asked of the thread that reads zips and lays out packages, and what it answers. */
import type { PackageRejected } from '../../ports/package-store.ts';

export type ZipJob =
  | { readonly check: SharedArrayBuffer; readonly maxUnpackedBytes: number }
  | { readonly extract: SharedArrayBuffer; readonly root: string }
  /** Directories of extracted packages, and the empty one they are laid into. */
  | { readonly merge: readonly string[]; readonly root: string };

export interface NumberedJob {
  readonly id: number;
  readonly job: ZipJob;
}

export type ZipOutcome =
  | { readonly id: number; readonly unpackedBytes: number }
  | { readonly id: number; readonly rejected: PackageRejected['kind']; readonly message: string }
  | { readonly id: number; readonly failed: string };
