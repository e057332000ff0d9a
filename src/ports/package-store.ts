/** Function packages: zip in, a read-only directory out. */
export interface IngestedPackage {
  /** SHA-256 of the zip, hexadecimal: its name in the blob store. */
  readonly blob: string;
  readonly sizeBytes: number;
  readonly unpackedBytes: number;
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

export interface PackageStore {
  /** Checks the zip whole (paths, sizes, checksums) and stores it; durable when it resolves. */
  ingest(zip: Buffer, maxUnpackedBytes: number): Promise<IngestedPackage>;
  /**
   * The extracted package, made once per hash and shared; modes and symbolic links kept. The
   * directory stays until `release` has been called as often as `acquire`, and longer if still useful.
   */
  acquire(blob: string): Promise<string>;
  release(blob: string): void;
  /** Deletes zips and directories of packages not in `referenced` and not acquired. */
  collect(referenced: ReadonlySet<string>): Promise<void>;
}
