/** Packages of functions and layers: zip in, a read-only directory out. */
import { createHash } from 'node:crypto';

export interface IngestedPackage {
  /** SHA-256 of the zip, hexadecimal: its name in the blob store. */
  readonly blob: string;
  readonly sizeBytes: number;
  readonly unpackedBytes: number;
  /**
   * Called once, when the record that refers to the package has been stored or never will be: the
   * package is kept until then, and afterwards only if something refers to it or uses it.
   */
  settle(): void;
}

/** Why a zip was refused; the caller puts it into the words of its API. */
export class PackageRejected extends Error {
  readonly kind: 'not-a-zip' | 'corrupt' | 'unsafe-path' | 'too-large-unpacked' | 'empty';

  constructor(kind: PackageRejected['kind'], message: string) {
    super(message);
    this.name = 'PackageRejected';
    this.kind = kind;
  }
}

/** The name under which packages that are merged are held and referred to; of one, its own. Not for none. */
export function mergedPackage(blobs: readonly string[]): string {
  const [first = ''] = blobs;
  return blobs.length === 1 ? first : createHash('sha256').update(blobs.join(' ')).digest('hex');
}

export interface PackageStore {
  /** Checks the zip whole (paths, sizes, checksums) and stores it; durable when it resolves. */
  ingest(zip: Uint8Array, maxUnpackedBytes: number): Promise<IngestedPackage>;
  /**
   * The extracted package, made once per hash and shared; modes and symbolic links kept. The
   * directory stays until `release` has been called as often as `acquire`, and longer if still useful.
   */
  acquire(blob: string): Promise<string>;
  release(blob: string): void;
  /** A file for what `owner` makes of an extracted package, there or not; it goes with the package. `owner` is a file name. */
  companion(blob: string, owner: string): string;
  /**
   * The packages laid one over the other in order, later files in the place of earlier ones: made once
   * per list and shared. Held like a single package, under the name `mergedPackage(blobs)`.
   */
  acquireMerged(blobs: readonly string[]): Promise<string>;
  /** Keeps the package while a record that will refer to it is being stored; `release` ends it. */
  retain(blob: string): void;
  /**
   * Removes every package, zip and directory, that nothing refers to, and from now on each one once
   * it is discarded, released or settled. `isReferenced` is asked at the last moment.
   */
  collect(isReferenced: (blob: string) => boolean): Promise<void>;
  /** Says that a record does not refer to the package any more; removes it if nothing else does. */
  discard(blob: string): void;
  /** Resolves when no removal is under way. */
  idle(): Promise<void>;
  /** Waits for removals and ends what works for this store. Nothing is asked of it afterwards. */
  close(): Promise<void>;
}
