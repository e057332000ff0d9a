/** What the API and the registry protocol do alike: layers and manifests in, by digest. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Registry, Repositories, RepositoryRecord, StoredImage } from './repositories.ts';

/** Source: PutImage, the longest `imageManifest`. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export interface PushedManifest {
  readonly content: Buffer;
  readonly mediaType: string | undefined;
  readonly tag: string | undefined;
  /** The one that the client says it has. */
  readonly digest: string | undefined;
}

interface ReadManifest {
  readonly mediaType: string;
  readonly layers: readonly string[];
  /** Manifests that an index names. */
  readonly manifests: readonly string[];
}

export class RegistryContent {
  readonly repositories: Repositories;
  readonly blobs: BlobStore;
  private readonly clock: Clock;

  constructor(repositories: Repositories, blobs: BlobStore, clock: Clock) {
    this.repositories = repositories;
    this.blobs = blobs;
    this.clock = clock;
  }

  /** The digest that a tag or digest names; undefined when there is no such image. */
  digestOf({ images, imageTags }: RepositoryRecord, reference: string): string | undefined {
    if (reference.includes(':')) return Object.hasOwn(images, reference) ? reference : undefined;
    return Object.hasOwn(imageTags, reference) ? imageTags[reference] : undefined;
  }

  /** Makes a stored blob a layer of the repository. */
  async addLayer(registry: Registry, name: string, digest: string, sizeBytes: number): Promise<void> {
    await this.repositories.change(registry, name, async (record) => {
      // An image with the same layer may have gone since it came, and taken it along.
      if (!(await this.blobs.has(sha256Of(digest))))
        throw new AwsError('LayersNotFoundException', `The layer ${digest} is gone; send it again.`);
      return { ...record, layers: { ...record.layers, [digest]: sizeBytes } };
    });
  }

  /** Checks and stores a manifest. Throws AWS's errors; returns its digest. */
  async putManifest(registry: Registry, name: string, pushed: PushedManifest): Promise<string> {
    const { content, tag } = pushed;
    this.repositories.get(registry, name);
    const read = readManifest(content, pushed.mediaType);
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    if (pushed.digest !== undefined && pushed.digest !== digest)
      throw new AwsError(
        'ImageDigestDoesNotMatchException',
        `The image digest is ${digest}, not ${pushed.digest}`,
      );
    if (tag !== undefined && !TAG.test(tag)) throw invalidManifest(`'${tag}' is not a tag`);
    await this.repositories.change(registry, name, async (record) => {
      checkParts(record, read);
      if (tag !== undefined) checkTag(record, tag, digest);
      const image: StoredImage = {
        mediaType: read.mediaType,
        sizeBytes: read.layers.reduce((sum, layer) => sum + record.layers[layer]!, 0),
        pushedMs: this.clock.now(),
        parts: [...read.layers, ...read.manifests],
      };
      await this.blobs.put(content);
      return {
        ...record,
        images: { ...record.images, [digest]: record.images[digest] ?? image },
        imageTags: tag === undefined ? record.imageTags : { ...record.imageTags, [tag]: digest },
      };
    });
    return digest;
  }

  async readManifest(digest: string): Promise<Buffer> {
    return this.blobs.read(sha256Of(digest));
  }

  /** Removes from the blob store those of `digests` that no repository uses any more. */
  async discard(digests: Iterable<string>): Promise<void> {
    await this.repositories.inTurn(async () => {
      for (const digest of digests)
        if (!this.repositories.uses(digest)) await this.blobs.delete(sha256Of(digest));
    });
  }

  /** Removes what an interrupted push or removal has left. */
  async collect(): Promise<void> {
    for await (const sha256 of this.blobs.list()) await this.discard([`sha256:${sha256}`]);
  }
}

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** A blob's name; of what is no digest, one that no blob has. */
export function sha256Of(digest: string): string {
  return digest.slice('sha256:'.length);
}

function readManifest(content: Buffer, mediaType: string | undefined): ReadManifest {
  let document: Record<string, unknown>;
  try {
    document = recordOf(JSON.parse(content.toString()));
  } catch {
    throw invalidManifest('Invalid JSON syntax');
  }
  const type = document['mediaType'] ?? mediaType;
  if (document['schemaVersion'] !== 2 || typeof type !== 'string')
    throw invalidManifest('not of schema version 2');
  const manifests = digestsOf(document['manifests']);
  if (Array.isArray(document['manifests'])) return { mediaType: type, layers: [], manifests };
  const layers = digestsOf([document['config'], ...listOf(document['layers'])]);
  return { mediaType: type, layers: [...new Set(layers)], manifests: [] };
}

function checkParts({ layers, images }: RepositoryRecord, read: ReadManifest): void {
  const missing = read.layers.filter((digest) => !Object.hasOwn(layers, digest));
  if (missing.length > 0)
    throw new AwsError('LayersNotFoundException', `Required layers not found: ${missing.join(', ')}`);
  const absent = read.manifests.filter((digest) => !Object.hasOwn(images, digest));
  if (absent.length > 0)
    throw new AwsError(
      'ReferencedImagesNotFoundException',
      `Required images not found: ${absent.join(', ')}`,
    );
}

function checkTag(
  { accountId, name, imageTags, tagMutability }: RepositoryRecord,
  tag: string,
  digest: string,
): void {
  if (tagMutability === 'MUTABLE' || !Object.hasOwn(imageTags, tag) || imageTags[tag] === digest) return;
  throw new AwsError(
    'ImageTagAlreadyExistsException',
    `The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the repository is immutable. (${accountId})`,
  );
}

function invalidManifest(reason: string): AwsError {
  return new AwsError(
    'InvalidParameterException',
    `Invalid parameter at 'ImageManifest' failed to satisfy constraint: '${reason}'`,
  );
}

function digestsOf(descriptors: unknown): string[] {
  return listOf(descriptors).map((descriptor) => {
    const { digest } = recordOf(descriptor);
    if (typeof digest !== 'string' || !isDigest(digest)) throw invalidManifest('Invalid digest');
    return digest;
  });
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
