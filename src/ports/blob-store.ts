import type { Readable } from 'node:stream';

export interface StoredBlob {
  /** SHA-256 of the content, 64 lower-case hexadecimal digits; the blob's name. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Immutable content by its hash: function packages, layers, large payloads, later S3 objects. */
export interface BlobStore {
  /** Durable (file and directory synced) when it resolves; storing the same content twice is one blob. */
  put(content: Uint8Array | Readable): Promise<StoredBlob>;
  /** The content as a stream; `start` and `end` are inclusive byte offsets. Rejects with ENOENT if absent. */
  open(sha256: string, range?: { start?: number; end?: number }): Promise<Readable>;
  read(sha256: string): Promise<Buffer>;
  has(sha256: string): Promise<boolean>;
  /** Removing an absent blob is not an error. Callers decide when nothing refers to it any more. */
  delete(sha256: string): Promise<void>;
  /** Every stored hash, in no order: for collecting what nothing refers to. */
  list(): AsyncIterable<string>;
}
