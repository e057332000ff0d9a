/** What crosses to the thread that extracts images, and back. */
import type { ImageProblemKind } from '../../ports/image-store.ts';
import type { LayerCompression } from './manifest.ts';

export interface ExtractionJob {
  /** The lowest first; their files are whole. */
  readonly layers: readonly { readonly file: string; readonly compression: LayerCompression }[];
  /** Exists, and is empty. */
  readonly root: string;
  /** All archives together. */
  readonly maxBytes: number;
}

export type ExtractionOutcome =
  | 'extracted'
  | { readonly problem: ImageProblemKind; readonly message: string }
  | { readonly failed: string };
