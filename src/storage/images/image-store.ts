/**
 * Images by the digest of their manifest: manifests, configurations and layers in a blob store of
 * their own, each once, and for each image a root directory made of its layers. Whatever changes the
 * store takes its turn, since images share layers.
 */
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { PlatformError } from '../../core/errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type {
  ExtractedImage,
  ImageArchitecture,
  ImageIdentity,
  ImageStore,
} from '../../ports/image-store.ts';
import { ImageProblem } from '../../ports/image-store.ts';
import { openFileBlobStore } from '../files/blob-store.ts';
import { parseImageName, sha256Of } from './image-name.ts';
import { extractLayer } from './layer-extraction.ts';
import type { ImageManifest } from './manifest.ts';
import { chooseFromIndex, parseConfiguration, parseManifest } from './manifest.ts';
import { RegistryClient } from './registry-client.ts';
import type { RegistryAccess } from './registry-connection.ts';
import { completeRoot } from './root-directory.ts';

export interface ImageStoreOptions {
  /** Exists, and belongs to this store alone. */
  readonly directory: string;
  /** How a registry is reached and with what credentials, by the host of an image's name. */
  readonly accessTo: (registry: string) => RegistryAccess;
  /** Differs after the host has been started anew; undefined where the host does not say. */
  readonly bootId: () => Promise<string | undefined>;
}

/** The largest image unpacked, bytes. Source: Lambda quotas, "Container image code package size", 10 GB. */
const MAX_IMAGE_BYTES = 10 * 1024 * 1024 * 1024;

const UNFINISHED = 'unfinished-';
const BOOT_FILE = 'boot-id';
const IMAGE_NAME = /^[0-9a-f]{64}$/;

export async function openImageStore(options: ImageStoreOptions): Promise<ImageStore> {
  const roots = join(options.directory, 'roots');
  await mkdir(roots, { recursive: true });
  const blobs = await openFileBlobStore({ directory: await made(join(options.directory, 'blobs')) });
  const current = await options.bootId();
  const last = await readFile(join(options.directory, BOOT_FILE), 'utf8').catch(() => undefined);
  // Extracted files are not synced one by one: what was written before a power failure may not be whole.
  const isWhole = current !== undefined && last === current;
  for (const name of await readdir(roots)) {
    if (!isWhole || name.startsWith(UNFINISHED))
      await rm(join(roots, name), { recursive: true, force: true });
  }
  if (!isWhole && current !== undefined) await writeFile(join(options.directory, BOOT_FILE), current);
  return new FileImageStore(roots, blobs, options.accessTo);
}

class FileImageStore implements ImageStore {
  private readonly roots: string;
  private readonly blobs: BlobStore;
  private readonly accessTo: ImageStoreOptions['accessTo'];
  private readonly users = new Map<string, number>();
  private readonly extracted = new Map<string, Promise<ExtractedImage>>();
  private turn: Promise<unknown> = Promise.resolve();
  /** Until it is known what records refer to, nothing is removed. */
  private isReferenced: (sha256: string) => boolean = () => true;
  private sweeping = false;

  constructor(roots: string, blobs: BlobStore, accessTo: ImageStoreOptions['accessTo']) {
    this.roots = roots;
    this.blobs = blobs;
    this.accessTo = accessTo;
  }

  async resolve(uri: string, architecture: ImageArchitecture): Promise<ImageIdentity> {
    const name = parseImageName(uri);
    const registry = new RegistryClient(name, this.accessTo(name.registry));
    let { content, mediaType } = await registry.manifest(name.reference);
    let sha256 = await this.keep(content, name.reference);
    const chosen = chooseFromIndex(content, mediaType, architecture);
    if (chosen !== undefined) {
      ({ content } = await registry.manifest(chosen));
      sha256 = await this.keep(content, chosen);
    }
    parseManifest(content);
    return { resolvedUri: `${name.uri}@sha256:${sha256}`, sha256 };
  }

  async acquire(image: ImageIdentity): Promise<ExtractedImage> {
    const { sha256 } = image;
    this.users.set(sha256, (this.users.get(sha256) ?? 0) + 1);
    let extracted = this.extracted.get(sha256);
    if (extracted === undefined) {
      extracted = this.inTurn(() => this.extract(image));
      this.extracted.set(sha256, extracted);
      extracted.catch(() => this.extracted.delete(sha256));
    }
    try {
      return await extracted;
    } catch (error) {
      this.release(sha256);
      throw error;
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

  async close(): Promise<void> {
    await this.turn;
  }

  private isNeeded(sha256: string): boolean {
    return this.users.has(sha256) || this.isReferenced(sha256);
  }

  /** Stores content under its digest, and refuses it where it was asked for by another one. */
  private async keep(content: Buffer | Readable, reference: string): Promise<string> {
    const { sha256 } = await this.blobs.put(content);
    if (reference.startsWith('sha256:') && sha256Of(reference) !== sha256) {
      await this.blobs.delete(sha256);
      throw new ImageProblem(
        'invalid',
        `what the registry gave for ${reference} has the digest sha256:${sha256}`,
      );
    }
    return sha256;
  }

  private async extract(image: ImageIdentity): Promise<ExtractedImage> {
    const manifest = parseManifest(await this.fetched(image, image.sha256, 'manifest'));
    const configuration = parseConfiguration(await this.fetched(image, manifest.configSha256, 'blob'));
    const rootDirectory = join(this.roots, image.sha256);
    if (!(await isThere(rootDirectory)))
      await this.makeRoot(image, manifest, rootDirectory, configuration.workingDirectory);
    return { rootDirectory, configuration };
  }

  private async makeRoot(
    image: ImageIdentity,
    { layers }: ImageManifest,
    target: string,
    workingDirectory: string,
  ): Promise<void> {
    const work = await mkdtemp(join(this.roots, UNFINISHED));
    try {
      const root = join(work, 'root');
      await mkdir(root, { mode: 0o755 });
      let left = MAX_IMAGE_BYTES;
      for (const { sha256, compression } of layers) {
        await this.fetch(image, sha256, 'blob');
        left -= await extractLayer(await this.blobs.open(sha256), compression, root, left);
      }
      await completeRoot(root, workingDirectory);
      await rename(root, target);
    } catch (error) {
      if (error instanceof ImageProblem) throw error;
      throw new PlatformError(
        `The image ${image.resolvedUri} could not be extracted: ${(error as Error).message}`,
        'Free space, or check the data directory.',
        { cause: error },
      );
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  private async fetched(image: ImageIdentity, sha256: string, kind: 'manifest' | 'blob'): Promise<Buffer> {
    await this.fetch(image, sha256, kind);
    return this.blobs.read(sha256);
  }

  private async fetch(
    { resolvedUri }: ImageIdentity,
    sha256: string,
    kind: 'manifest' | 'blob',
  ): Promise<void> {
    if (await this.blobs.has(sha256)) return;
    const name = parseImageName(resolvedUri);
    const registry = new RegistryClient(name, this.accessTo(name.registry));
    const digest = `sha256:${sha256}`;
    const content =
      kind === 'manifest' ? (await registry.manifest(digest)).content : await registry.blob(digest);
    await this.keep(content, digest).catch((error: unknown) => {
      if (error instanceof ImageProblem || error instanceof PlatformError) throw error;
      throw new ImageProblem('unreachable', `${digest} could not be fetched: ${(error as Error).message}`, {
        cause: error,
      });
    });
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

  private async partsOf(sha256: string): Promise<string[]> {
    const { configSha256, layers } = parseManifest(await this.blobs.read(sha256));
    return [configSha256, ...layers.map((layer) => layer.sha256)];
  }

  private async removeRoot(sha256: string): Promise<void> {
    this.extracted.delete(sha256);
    // Renamed first: a directory under its name is always whole.
    const work = await mkdtemp(join(this.roots, UNFINISHED));
    await rename(join(this.roots, sha256), join(work, 'root'));
    await rm(work, { recursive: true, force: true });
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

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
