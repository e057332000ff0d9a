/** Container images: a name in a registry in, a read-only root directory out. */

/** AWS's word for the processor an image is made for. */
export type ImageArchitecture = 'x86_64' | 'arm64';

/** One image of one architecture, named for good. */
export interface ImageIdentity {
  /** The name as it was asked for, with the manifest's digest in place of a tag. */
  readonly resolvedUri: string;
  /** SHA-256 of the image's manifest, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** What an image says of how it is run. Source: OCI image specification, "Image configuration". */
export interface ImageConfiguration {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  /** Absolute path; `/` where the image names none. */
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ExtractedImage {
  /** Read-only by agreement: all environments of the image share it. */
  readonly rootDirectory: string;
  readonly configuration: ImageConfiguration;
}

export type ImageProblemKind =
  /** The name is not one of an image. */
  | 'malformed-name'
  /** The registry knows no such repository, tag or digest. */
  | 'not-found'
  | 'access-denied'
  /** Of a media type or for an architecture that cannot be run. */
  | 'unsupported'
  /** Not what its digests, its archive or its configuration say. */
  | 'invalid'
  /** The registry could not be asked. */
  | 'unreachable'
  /** The server stops; the same image may well be had by the next one. */
  | 'interrupted';

/** Why an image cannot be had; the caller puts it into the words of its API. */
export class ImageProblem extends Error {
  readonly kind: ImageProblemKind;

  constructor(kind: ImageProblemKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ImageProblem';
    this.kind = kind;
  }
}

export interface ImageStore {
  /** Asks the registry what `uri` names now. Rejects with `ImageProblem`. */
  resolve(uri: string, architecture: ImageArchitecture): Promise<ImageIdentity>;
  /**
   * Fetches what is not here yet, checks it against its digests, and extracts it, once per image. The
   * directory stays until `release` has been called as often as `acquire`. Rejects with `ImageProblem`.
   */
  acquire(image: ImageIdentity): Promise<ExtractedImage>;
  release(sha256: string): void;
  /** Removes what nothing refers to, and from now on each image once it is discarded or released. */
  collect(isReferenced: (sha256: string) => boolean): Promise<void>;
  /** Says that a record does not refer to the image any more; removes it if nothing else does. */
  discard(sha256: string): void;
  /** Ends what is being fetched or extracted: whoever waits for it is rejected with `interrupted`. */
  interrupt(): void;
  /** Interrupts, and waits for what is under way on the disk. */
  close(): Promise<void>;
}
