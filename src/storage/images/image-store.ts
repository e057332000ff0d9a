/**
 * Images by the digest of their manifest: manifests, configurations and layers in a blob store of
 * their own, each once, and for each image a root directory made of its layers. Extracting and
 * removing take turns, since images share layers.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../core/errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type {
  ExtractedImage,
  ImageArchitecture,
  ImageIdentity,
  ImageStore,
} from '../../ports/image-store.ts';
import { ImageProblem } from '../../ports/image-store.ts';
import { blobFile, openFileBlobStore } from '../files/blob-store.ts';
import { isThere, madeWhole, removeUnfinished, removeWhole } from '../files/whole-directories.ts';
import { extractInThread } from './extraction-thread.ts';
import { ImageContent } from './image-content.ts';
import type { ImageSource } from './image-source.ts';
import { requireLayouts } from './layout-source.ts';
import type { ImageManifest } from './manifest.ts';
import { MAX_IMAGE_BYTES } from './manifest.ts';
import type { RegistryAccess } from './registry-connection.ts';
import { retryUnreachable, type Wait, waitFor } from './registry-retries.ts';
import { completeRoot } from './root-directory.ts';

export interface ImageStoreOptions {
  /** Exists, and belongs to this store alone. */
  readonly directory: string;
  /** How a registry is reached and with what credentials, by the host of an image's name. */
  readonly accessTo: (registry: string) => RegistryAccess;
  /** Directory of OCI layouts that names may lead to. */
  readonly layouts?: string | undefined;
  /** Before a registry that could not be asked is asked again; rejects when the signal is aborted. Default: real time. */
  readonly wait?: Wait;
  /** Differs after the host has been started anew; undefined where the host does not say. */
  readonly bootId: () => Promise<string | undefined>;
}

interface FileImageStoreOptions extends Pick<ImageStoreOptions, 'accessTo' | 'layouts' | 'wait'> {
  readonly roots: string;
  readonly blobs: BlobStore;
  readonly blobsDirectory: string;
}

const IMAGE_NAME = /^[0-9a-f]{64}$/;

/** Rejects with `PlatformError` where the layouts are in no directory. */
export async function openImageStore(options: ImageStoreOptions): Promise<ImageStore> {
  if (options.layouts !== undefined) await requireLayouts(options.layouts);
  const roots = await made(join(options.directory, 'roots'));
  const blobsDirectory = await made(join(options.directory, 'blobs'));
  const blobs = await openFileBlobStore({ directory: blobsDirectory });
  await removeUnfinished({
    directory: roots,
    bootFile: join(options.directory, 'boot-id'),
    bootId: options.bootId,
  });
  return new FileImageStore({ ...options, roots, blobs, blobsDirectory });
}

class FileImageStore implements ImageStore {
  private readonly roots: string;
  private readonly blobs: BlobStore;
  private readonly blobsDirectory: string;
  private readonly wait: Wait;
  private readonly content: ImageContent;
  private readonly interruption = new AbortController();
  private readonly users = new Map<string, number>();
  private readonly extracted = new Map<string, Promise<ExtractedImage>>();
  private turn: Promise<unknown> = Promise.resolve();
  /** Until it is known what records refer to, nothing is removed. */
  private isReferenced: (sha256: string) => boolean = () => true;
  private sweeping = false;

  constructor({ roots, blobs, blobsDirectory, accessTo, layouts, wait }: FileImageStoreOptions) {
    this.wait = wait ?? waitFor;
    this.roots = roots;
    this.blobs = blobs;
    this.blobsDirectory = blobsDirectory;
    this.content = new ImageContent({ blobs, accessTo, layouts, signal: this.interruption.signal });
  }

  async resolve(uri: string, architecture: ImageArchitecture): Promise<ImageIdentity> {
    return this.content.resolve(uri, architecture).catch((error: unknown) => this.fail(error));
  }

  async acquire(image: ImageIdentity): Promise<ExtractedImage> {
    const { sha256 } = image;
    this.users.set(sha256, (this.users.get(sha256) ?? 0) + 1);
    let extracted = this.extracted.get(sha256);
    if (extracted === undefined) {
      extracted = this.make(image);
      this.extracted.set(sha256, extracted);
      extracted.catch(() => this.extracted.delete(sha256));
    }
    try {
      return await extracted;
    } catch (error) {
      this.release(sha256);
      return this.fail(error);
    }
  }

  release(sha256: string): void {
    const count = (this.users.get(sha256) ?? 1) - 1;
    if (count > 0) {
      this.users.set(sha256, count);
      return;
    }
    this.users.delete(sha256);
    this.discard(sha256);
  }

  discard(sha256: string): void {
    if (this.isNeeded(sha256) || this.sweeping) return;
    this.sweeping = true;
    // A failure leaves files there; the next sweep removes them.
    this.inTurn(() => this.sweep()).catch(() => {});
  }

  async collect(isReferenced: (sha256: string) => boolean): Promise<void> {
    this.isReferenced = isReferenced;
    await this.inTurn(() => this.sweep());
  }

  interrupt(): void {
    this.interruption.abort();
  }

  async close(): Promise<void> {
    this.interrupt();
    await this.turn;
  }

  private isNeeded(sha256: string): boolean {
    return this.users.has(sha256) || this.isReferenced(sha256);
  }

  /** Whatever fails after the interruption says nothing of the image. */
  private fail(error: unknown): never {
    if (!this.interruption.signal.aborted) throw error;
    throw new ImageProblem('interrupted', 'The server stops before the image was here.', { cause: error });
  }

  /** Fetching takes no turn, as registries may be slow. What a sweep takes meanwhile is fetched again. */
  private async make(image: ImageIdentity): Promise<ExtractedImage> {
    const { signal } = this.interruption;
    return retryUnreachable(
      async () => {
        const source = this.content.sourceOf(image.resolvedUri);
        if (!(await isThere(this.rootOf(image)))) {
          const manifest = await this.content.manifest(source, image.sha256);
          await this.content.configuration(source, manifest);
          for (const layer of manifest.layers) await this.content.fetch(source, layer);
        }
        return this.inTurn(() => this.extract(image, source));
      },
      (milliseconds) => this.wait(milliseconds, signal),
    );
  }

  private rootOf({ sha256 }: ImageIdentity): string {
    return join(this.roots, sha256);
  }

  private async extract(image: ImageIdentity, source: ImageSource): Promise<ExtractedImage> {
    const manifest = await this.content.manifest(source, image.sha256);
    const configuration = await this.content.configuration(source, manifest);
    const rootDirectory = this.rootOf(image);
    if (await isThere(rootDirectory)) {
      // An earlier version of this server may have made it.
      await completeRoot(rootDirectory, configuration.workingDirectory);
      return { rootDirectory, configuration };
    }
    try {
      await madeWhole(rootDirectory, async (root) => {
        await this.layOut(source, manifest, root);
        await completeRoot(root, configuration.workingDirectory);
      });
    } catch (error) {
      if (error instanceof ImageProblem) throw error;
      throw new PlatformError(
        `The image ${image.resolvedUri} could not be extracted: ${(error as Error).message}`,
        'Free space, or check the data directory.',
        { cause: error },
      );
    }
    return { rootDirectory, configuration };
  }

  private async layOut(source: ImageSource, { layers }: ImageManifest, root: string): Promise<void> {
    for (const layer of layers) await this.content.fetch(source, layer);
    const files = layers.map(({ sha256, compression }) => ({
      file: blobFile(this.blobsDirectory, sha256),
      compression,
    }));
    await extractInThread({ layers: files, root, maxBytes: MAX_IMAGE_BYTES }, this.interruption.signal);
  }

  /** Keeps the images that are needed, with all that they consist of. */
  private async sweep(): Promise<void> {
    this.sweeping = false;
    const kept = new Set<string>();
    for await (const sha256 of this.blobs.list()) {
      if (!this.isNeeded(sha256)) continue;
      kept.add(sha256);
      for (const part of await this.partsOf(sha256)) kept.add(part);
    }
    for (const name of await readdir(this.roots)) {
      if (IMAGE_NAME.test(name) && !this.isNeeded(name)) await this.removeRoot(name);
    }
    for await (const sha256 of this.blobs.list()) {
      if (!kept.has(sha256) && !this.isNeeded(sha256)) await this.blobs.delete(sha256);
    }
  }

  /** A record refers to manifests only; what else has such a name consists of nothing. */
  private async partsOf(sha256: string): Promise<string[]> {
    try {
      const { config, layers } = await this.content.storedManifest(sha256);
      return [config.sha256, ...layers.map((layer) => layer.sha256)];
    } catch (error) {
      if (error instanceof ImageProblem) return [];
      throw error;
    }
  }

  private async removeRoot(sha256: string): Promise<void> {
    this.extracted.delete(sha256);
    await removeWhole(join(this.roots, sha256));
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(change);
    this.turn = mine.catch(() => {});
    return mine;
  }
}

async function made(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  return directory;
}
