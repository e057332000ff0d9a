/** Function packages: zips in the blob store, each extracted once into a directory that all share. */
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../core/errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { IngestedPackage, PackageStore } from '../../ports/package-store.ts';
import { PackageRejected } from '../../ports/package-store.ts';
import { checkZip, extractZip } from './zip-package.ts';

export interface PackageStoreOptions {
  /** Where packages are extracted; exists, and belongs to this store alone. */
  readonly directory: string;
  readonly blobs: BlobStore;
}

const UNFINISHED = 'extracting-';

interface Extracted {
  directory: Promise<string>;
  users: number;
}

export async function openPackageStore(options: PackageStoreOptions): Promise<PackageStore> {
  for (const name of await readdir(options.directory)) {
    if (name.startsWith(UNFINISHED))
      await rm(join(options.directory, name), { recursive: true, force: true });
  }
  return new FilePackageStore(options);
}

class FilePackageStore implements PackageStore {
  private readonly directory: string;
  private readonly blobs: BlobStore;
  private readonly extracted = new Map<string, Extracted>();
  /** Packages that are being stored: no record refers to them yet. */
  private readonly incoming = new Map<string, number>();

  constructor({ directory, blobs }: PackageStoreOptions) {
    this.directory = directory;
    this.blobs = blobs;
  }

  async ingest(zip: Buffer, maxUnpackedBytes: number): Promise<IngestedPackage> {
    const unpackedBytes = await checkZip(zip, maxUnpackedBytes);
    const { sha256, sizeBytes } = await this.blobs.put(zip);
    // Kept from the collector until the caller has had time to store its record.
    this.incoming.set(sha256, (this.incoming.get(sha256) ?? 0) + 1);
    setTimeout(() => this.forget(sha256), INGEST_GRACE_MS).unref();
    return { blob: sha256, sizeBytes, unpackedBytes };
  }

  async acquire(blob: string): Promise<string> {
    let entry = this.extracted.get(blob);
    if (entry === undefined) {
      const created: Extracted = { directory: this.extract(blob), users: 0 };
      entry = created;
      this.extracted.set(blob, created);
      created.directory.catch(() => {
        if (this.extracted.get(blob) === created) this.extracted.delete(blob);
      });
    }
    entry.users += 1;
    try {
      return await entry.directory;
    } catch (error) {
      entry.users -= 1;
      throw error;
    }
  }

  release(blob: string): void {
    const entry = this.extracted.get(blob);
    if (entry !== undefined && entry.users > 0) entry.users -= 1;
  }

  async collect(referenced: ReadonlySet<string>): Promise<void> {
    const isNeeded = (blob: string): boolean =>
      referenced.has(blob) || this.incoming.has(blob) || (this.extracted.get(blob)?.users ?? 0) > 0;
    for (const name of await readdir(this.directory)) {
      if (name.startsWith(UNFINISHED) || isNeeded(name)) continue;
      this.extracted.delete(name);
      await rm(join(this.directory, name), { recursive: true, force: true });
    }
    for await (const blob of this.blobs.list()) if (!isNeeded(blob)) await this.blobs.delete(blob);
  }

  private forget(blob: string): void {
    const count = (this.incoming.get(blob) ?? 1) - 1;
    if (count === 0) this.incoming.delete(blob);
    else this.incoming.set(blob, count);
  }

  private async extract(blob: string): Promise<string> {
    const target = join(this.directory, blob);
    if ((await readdir(this.directory)).includes(blob)) return target;
    const zip = await this.blobs.read(blob).catch((error: Error) => {
      throw new PlatformError(
        `The package ${blob} is not stored: ${error.message}`,
        'Update the function with its code.',
      );
    });
    const work = await mkdtemp(join(this.directory, UNFINISHED));
    try {
      const root = join(work, 'package');
      await mkdir(root, { mode: 0o755 });
      await extractZip(zip, root);
      await rename(root, target);
      return target;
    } catch (error) {
      if (error instanceof PackageRejected) throw error;
      throw new PlatformError(
        `The package could not be extracted: ${(error as Error).message}`,
        'Free space, or check the data directory.',
      );
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}

/** Between storing a package and the record that refers to it, milliseconds; far longer than any commit takes. */
const INGEST_GRACE_MS = 60_000;
