import { randomUUID, webcrypto } from 'node:crypto';
import { type FileHandle, mkdir, open, opendir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { BlobStore, StoredBlob } from '../../ports/blob-store.ts';
import { syncDirectory } from './durable-file.ts';
import { explainFullDisk } from './full-disk.ts';
import { StreamHash } from './stream-hash.ts';

/** Unfinished writes; whatever is there when the store opens was left by a crash. */
const INCOMING = 'incoming';
/** Leading digits of the hash that name the subdirectory: 256 of them keep directories small. */
const SHARD_DIGITS = 2;

/**
 * Content-addressed files: `ab/cdef…` under `directory`. A blob is written beside, synced, renamed
 * into place, and its directory synced, so that a name always stands for whole content.
 * The directory must belong to this process alone (see `openDataDirectory`).
 */
export async function openFileBlobStore(options: { readonly directory: string }): Promise<BlobStore> {
  const incoming = join(options.directory, INCOMING);
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming, { recursive: true });
  return new FileBlobStore(options.directory, incoming);
}

class FileBlobStore implements BlobStore {
  readonly #directory: string;
  readonly #incoming: string;
  /** The last change of each blob under way: changes of one blob happen one after the other. */
  readonly #changes = new Map<string, Promise<unknown>>();

  constructor(directory: string, incoming: string) {
    this.#directory = directory;
    this.#incoming = incoming;
  }

  async put(content: Uint8Array | Readable): Promise<StoredBlob> {
    if (content instanceof Uint8Array) {
      const sha256 = await digest(content);
      await this.#exclusively(sha256, async () => {
        if (!(await this.#alreadyStored(sha256))) {
          await this.#write(async (file) => {
            await file.writeFile(content);
            return sha256;
          });
        }
      });
      return { sha256, sizeBytes: content.byteLength };
    }
    let sizeBytes = 0;
    const sha256 = await this.#write(async (file) => {
      const hash = new StreamHash();
      try {
        for await (const chunk of content as AsyncIterable<Buffer>) {
          hash.update(chunk);
          sizeBytes += chunk.byteLength;
          await file.writeFile(chunk);
        }
        return await hash.digest();
      } finally {
        await hash.close();
      }
    }, true);
    return { sha256, sizeBytes };
  }

  async open(sha256: string, range: { start?: number; end?: number } = {}): Promise<Readable> {
    const file = await open(this.#path(sha256));
    return file.createReadStream(range);
  }

  async read(sha256: string): Promise<Buffer> {
    return readFile(this.#path(sha256));
  }

  async has(sha256: string): Promise<boolean> {
    return stat(this.#path(sha256)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw error;
      },
    );
  }

  async delete(sha256: string): Promise<void> {
    await this.#exclusively(sha256, () => rm(this.#path(sha256), { force: true }));
  }

  async *list(): AsyncIterable<string> {
    for (const shard of await readdir(this.#directory)) {
      if (shard.length !== SHARD_DIGITS) continue;
      for await (const entry of await opendir(join(this.#directory, shard))) yield shard + entry.name;
    }
  }

  /** Writes a file beside and moves it to the name that `fill` returns, with `lock` under that blob's turn. */
  async #write(fill: (file: FileHandle) => Promise<string>, lock = false): Promise<string> {
    const path = join(this.#incoming, randomUUID());
    try {
      const file = await open(path, 'wx', 0o600);
      let sha256: string;
      try {
        sha256 = await fill(file);
        await file.sync();
      } finally {
        await file.close();
      }
      const settle = async () => {
        if (!lock || !(await this.#alreadyStored(sha256))) await this.#moveIntoPlace(path, sha256);
        else await rm(path);
      };
      await (lock ? this.#exclusively(sha256, settle) : settle());
      return sha256;
    } catch (error) {
      await rm(path, { force: true });
      throw explainFullDisk(error, 'a blob', this.#directory);
    }
  }

  async #moveIntoPlace(path: string, sha256: string): Promise<void> {
    const shard = join(this.#directory, sha256.slice(0, SHARD_DIGITS));
    const created = await mkdir(shard, { recursive: true });
    await rename(path, this.#path(sha256));
    await syncDirectory(shard);
    if (created !== undefined) await syncDirectory(this.#directory);
  }

  /** A blob found may have been moved there by a process that died before it synced the directory. */
  async #alreadyStored(sha256: string): Promise<boolean> {
    if (!(await this.has(sha256))) return false;
    await syncDirectory(join(this.#directory, sha256.slice(0, SHARD_DIGITS)));
    await syncDirectory(this.#directory);
    return true;
  }

  async #exclusively<T>(sha256: string, change: () => Promise<T>): Promise<T> {
    const before = this.#changes.get(sha256) ?? Promise.resolve();
    const mine = before.then(change, change);
    this.#changes.set(sha256, mine);
    try {
      return await mine;
    } finally {
      if (this.#changes.get(sha256) === mine) this.#changes.delete(sha256);
    }
  }

  #path(sha256: string): string {
    return blobFile(this.#directory, sha256);
  }
}

/** Where the store at `directory` has a blob: for those that read it in another thread. */
export function blobFile(directory: string, sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw Object.assign(new Error(`ENOENT: ${JSON.stringify(sha256)} is not the name of a blob`), {
      code: 'ENOENT',
    });
  }
  return join(directory, sha256.slice(0, SHARD_DIGITS), sha256.slice(SHARD_DIGITS));
}

/** Hashes on a thread of the pool: 50 MB would hold up the request loop for tens of milliseconds. */
async function digest(content: Uint8Array): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>)).toString(
    'hex',
  );
}
