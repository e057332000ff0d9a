/** Manifests, configurations and layers by digest: fetched where they are not here yet, each once. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { PlatformError } from '../../core/errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { ImageArchitecture, ImageConfiguration, ImageIdentity } from '../../ports/image-store.ts';
import { ImageProblem } from '../../ports/image-store.ts';
import { parseImageName, sha256Of } from './image-name.ts';
import type { ImageSource } from './image-source.ts';
import { LAYOUTS_HOST, LayoutSource } from './layout-source.ts';
import type { ContentReference, ImageManifest } from './manifest.ts';
import { chooseFromIndex, MAX_DOCUMENT_BYTES, parseConfiguration, parseManifest } from './manifest.ts';
import { RegistryClient } from './registry-client.ts';
import type { RegistryAccess } from './registry-connection.ts';

export interface ImageContentOptions {
  readonly blobs: BlobStore;
  readonly accessTo: (registry: string) => RegistryAccess;
  /** Directory of OCI layouts. */
  readonly layouts: string | undefined;
  /** Ends every exchange with a registry. */
  readonly signal: AbortSignal;
}

export class ImageContent {
  private readonly options: ImageContentOptions;
  /** Under way, by repository and digest: images that are made at once often share their lower layers. */
  private readonly fetches = new Map<string, Promise<void>>();

  constructor(options: ImageContentOptions) {
    this.options = options;
  }

  /** One for each image: a registry's keeps the token that it has given. */
  sourceOf(uri: string): ImageSource {
    const name = parseImageName(uri);
    if (name.registry === LAYOUTS_HOST) return new LayoutSource(name, this.options.layouts);
    return new RegistryClient(name, this.options.accessTo(name.registry), this.options.signal);
  }

  async resolve(uri: string, architecture: ImageArchitecture): Promise<ImageIdentity> {
    const source = this.sourceOf(uri);
    const { reference } = source.name;
    let { content, mediaType } = await source.manifest(reference);
    let sha256 = await this.keep(content, reference);
    const chosen = chooseFromIndex(content, mediaType, architecture);
    if (chosen !== undefined) {
      ({ content } = await source.manifest(chosen));
      sha256 = await this.keep(content, chosen);
    }
    parseManifest(content);
    return { resolvedUri: `${source.name.uri}@sha256:${sha256}`, sha256 };
  }

  async manifest(source: ImageSource, sha256: string): Promise<ImageManifest> {
    if (!(await this.options.blobs.has(sha256))) {
      const digest = `sha256:${sha256}`;
      await this.keep((await source.manifest(digest)).content, digest);
    }
    return this.storedManifest(sha256);
  }

  /** Of an image whose manifest is here. */
  async storedManifest(sha256: string): Promise<ImageManifest> {
    return parseManifest(await this.document(sha256));
  }

  async configuration(source: ImageSource, { config }: ImageManifest): Promise<ImageConfiguration> {
    await this.fetch(source, config);
    return parseConfiguration(await this.document(config.sha256));
  }

  async fetch(source: ImageSource, { sha256, sizeBytes }: ContentReference): Promise<void> {
    const key = `${source.name.uri}@${sha256}`;
    let fetched = this.fetches.get(key);
    if (fetched === undefined) {
      fetched = this.fetchBlob(source, sha256, sizeBytes).finally(() => this.fetches.delete(key));
      this.fetches.set(key, fetched);
    }
    await fetched;
  }

  private async fetchBlob(source: ImageSource, sha256: string, sizeBytes: number): Promise<void> {
    if (await this.options.blobs.has(sha256)) return;
    const digest = `sha256:${sha256}`;
    const content = await source.blob(digest);
    await this.keep(Readable.from(atMost(sizeBytes, content, digest)), digest).catch((error: unknown) => {
      if (error instanceof ImageProblem || error instanceof PlatformError) throw error;
      throw new ImageProblem('unreachable', `${digest} could not be fetched: ${(error as Error).message}`, {
        cause: error,
      });
    });
  }

  /**
   * Stores content under its digest, and refuses it where it was asked for by another one. Refused
   * content stays until the next sweep: another image may consist of it.
   */
  private async keep(content: Buffer | Readable, reference: string): Promise<string> {
    const { sha256 } = await this.options.blobs.put(content);
    if (reference.startsWith('sha256:') && sha256Of(reference) !== sha256) {
      throw new ImageProblem(
        'invalid',
        `what the registry gave for ${reference} has the digest sha256:${sha256}`,
      );
    }
    return sha256;
  }

  /** Whatever was stored under that name, no more of it than a document may have comes into memory. */
  private async document(sha256: string): Promise<Buffer> {
    return buffer(await this.options.blobs.open(sha256, { start: 0, end: MAX_DOCUMENT_BYTES - 1 }));
  }
}

async function* atMost(sizeBytes: number, content: Readable, digest: string): AsyncIterable<Buffer> {
  let bytes = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > sizeBytes)
      throw new ImageProblem(
        'invalid',
        `what the registry gave for ${digest} has more than the ${sizeBytes} bytes that the manifest names`,
      );
    yield chunk;
  }
}
