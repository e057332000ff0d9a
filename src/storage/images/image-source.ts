/** Where an image comes from: a registry, or an OCI layout on disk. What it gives is checked by those that ask. */
import type { Readable } from 'node:stream';
import type { ImageName } from './image-name.ts';

export interface FetchedManifest {
  readonly content: Buffer;
  readonly mediaType: string;
}

/** Rejects with `ImageProblem`. */
export interface ImageSource {
  readonly name: ImageName;
  /** By tag or digest. */
  manifest(reference: string): Promise<FetchedManifest>;
  blob(digest: string): Promise<Readable>;
}
