/**
 * Packages of functions and layers: zips in the blob store, each extracted once into a directory that
 * all share, and merged trees of several, each made once per list. A package is needed while a record
 * refers to it, an environment uses it, or a request is about to store its record. Whatever changes one
 * package, its zip or its directory, happens in turn.
 */
import { webcrypto } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../core/errors.ts';
import { Turns } from '../../core/turns.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { IngestedPackage, PackageStore } from '../../ports/package-store.ts';
import { mergedPackage } from '../../ports/package-store.ts';
import { isThere, madeWhole, removeUnfinished, removeWhole } from '../files/whole-directories.ts';
import { hostBootId } from './boot-id.ts';
import { ZipThread } from './zip-thread.ts';

export interface PackageStoreOptions {
  /** Where packages are extracted; exists, and belongs to this store alone. */
  readonly directory: string;
  readonly blobs: BlobStore;
  /** Differs after the host has been started anew. Default: the kernel's. */
  readonly bootId?: () => Promise<string | undefined>;
}

/** Directories of packages, and of what belongs to them. */
const PACKAGE_NAME = /^([0-9a-f]{64})(\.companions)?$/;

export async function openPackageStore(options: PackageStoreOptions): Promise<PackageStore> {
  const { directory, bootId = hostBootId } = options;
  await removeUnfinished({ directory, bootFile: join(directory, 'boot-id'), bootId });
  return new FilePackageStore(options);
}

class FilePackageStore implements PackageStore {
  private readonly directory: string;
  private readonly blobs: BlobStore;
  /** How many environments use a package, or requests are about to store its record. */
  private readonly users = new Map<string, number>();
  private readonly extracted = new Map<string, Promise<string>>();
  private readonly turns = new Turns();
  private readonly removals = new Set<Promise<void>>();
  private readonly zips = new ZipThread();
  /** Until it is known what records refer to, nothing is removed. */
  private isReferenced: (blob: string) => boolean = () => true;

  constructor({ directory, blobs }: PackageStoreOptions) {
    this.directory = directory;
    this.blobs = blobs;
  }

  async ingest(zip: Uint8Array, maxUnpackedBytes: number): Promise<IngestedPackage> {
    const unpackedBytes = await this.zips.check(zip, maxUnpackedBytes);
    const blob = await digest(zip);
    this.retain(blob);
    try {
      await this.turns.run(blob, () => this.blobs.put(zip));
    } catch (error) {
      this.release(blob);
      throw error;
    }
    return { blob, sizeBytes: zip.byteLength, unpackedBytes, settle: () => this.release(blob) };
  }

  acquire(blob: string): Promise<string> {
    return this.held(blob, () => this.extract(blob));
  }

  companion(blob: string, owner: string): string {
    return join(this.companions(blob), owner);
  }

  acquireMerged(blobs: readonly string[]): Promise<string> {
    const name = mergedPackage(blobs);
    return this.held(name, () => (blobs.length === 1 ? this.extract(name) : this.merge(name, blobs)));
  }

  retain(blob: string): void {
    this.users.set(blob, (this.users.get(blob) ?? 0) + 1);
  }

  release(blob: string): void {
    const count = (this.users.get(blob) ?? 1) - 1;
    if (count > 0) {
      this.users.set(blob, count);
      return;
    }
    this.users.delete(blob);
    this.discard(blob);
  }

  discard(blob: string): void {
    if (this.isNeeded(blob)) return;
    // A failure leaves the package there; the next start removes it.
    const removal = this.turns.run(blob, () => this.remove(blob)).catch(() => {});
    this.removals.add(removal);
    void removal.finally(() => this.removals.delete(removal));
  }

  async collect(isReferenced: (blob: string) => boolean): Promise<void> {
    this.isReferenced = isReferenced;
    for (const name of await readdir(this.directory)) {
      const blob = PACKAGE_NAME.exec(name)?.[1];
      if (blob !== undefined) this.discard(blob);
    }
    for await (const blob of this.blobs.list()) this.discard(blob);
    await this.idle();
  }

  async idle(): Promise<void> {
    while (this.removals.size > 0) await Promise.all(this.removals);
  }

  async close(): Promise<void> {
    await this.idle();
    await this.zips.close();
  }

  private async held(name: string, make: () => Promise<string>): Promise<string> {
    this.retain(name);
    let directory = this.extracted.get(name);
    if (directory === undefined) {
      directory = this.turns.run(name, make);
      this.extracted.set(name, directory);
      directory.catch(() => this.extracted.delete(name));
    }
    try {
      return await directory;
    } catch (error) {
      this.release(name);
      throw error;
    }
  }

  private companions(blob: string): string {
    return join(this.directory, `${blob}.companions`);
  }

  private isNeeded(blob: string): boolean {
    return this.users.has(blob) || this.isReferenced(blob);
  }

  private async remove(blob: string): Promise<void> {
    if (this.isNeeded(blob)) return;
    this.extracted.delete(blob);
    await removeWhole(join(this.directory, blob));
    await rm(this.companions(blob), { recursive: true, force: true });
    await this.blobs.delete(blob);
  }

  private async extract(blob: string): Promise<string> {
    const target = join(this.directory, blob);
    if (await isThere(target)) return target;
    const zip = await this.blobs.read(blob).catch((error: Error) => {
      throw new PlatformError(
        `The package ${blob} is not stored: ${error.message}`,
        'Update the function with its code.',
      );
    });
    return this.laidOut(target, (root) => this.zips.extract(zip, root));
  }

  /** The single packages are asked for in their own turns; none of them waits for a merged one. */
  private async merge(name: string, blobs: readonly string[]): Promise<string> {
    const target = join(this.directory, name);
    if (await isThere(target)) return target;
    const acquired: string[] = [];
    try {
      const directories: string[] = [];
      for (const blob of blobs) {
        directories.push(await this.acquire(blob));
        acquired.push(blob);
      }
      return await this.laidOut(target, (root) => this.zips.merge(directories, root));
    } finally {
      for (const blob of acquired) this.release(blob);
    }
  }

  /** Fills a directory, and gives it its name when it is whole. */
  private async laidOut(target: string, fill: (root: string) => Promise<void>): Promise<string> {
    try {
      await madeWhole(target, fill);
      return target;
    } catch (error) {
      throw new PlatformError(
        `The package could not be extracted: ${(error as Error).message}`,
        'Free space, or check the data directory.',
        { cause: error },
      );
    }
  }
}

/** Hashes on a thread of the pool: 50 MB would hold up the request loop for tens of milliseconds. */
async function digest(content: Uint8Array): Promise<string> {
  const hash = await webcrypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>);
  return Buffer.from(hash).toString('hex');
}
