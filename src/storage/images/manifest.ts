/** Manifests, indexes and configurations. Source: OCI image specification 1.1; Docker's "Image manifest v2, schema 2". */
import { posix } from 'node:path';
import type { ImageArchitecture, ImageConfiguration } from '../../ports/image-store.ts';
import { ImageProblem } from '../../ports/image-store.ts';
import { sha256Of } from './image-name.ts';

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const IMAGE_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
export const MANIFEST_TYPES: readonly string[] = [...IMAGE_TYPES, ...INDEX_TYPES];

export type LayerCompression = 'none' | 'gzip' | 'zstd';

const LAYER_TYPES: Readonly<Record<string, LayerCompression>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
};

/** How processors are called in images. */
const PLATFORMS: Readonly<Record<ImageArchitecture, string>> = { x86_64: 'amd64', arm64: 'arm64' };

/** The largest manifest or configuration, bytes. Source: OCI distribution specification, "Pushing manifests": registries take at least 4 MiB. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
/** The largest image, packed or unpacked, bytes. Source: Lambda quotas, "Container image code package size", 10 GB unpacked. */
export const MAX_IMAGE_BYTES = 10 * 1024 * 1024 * 1024;

export interface ContentReference {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface LayerReference extends ContentReference {
  readonly compression: LayerCompression;
}

export interface ImageManifest {
  readonly config: ContentReference;
  /** The lowest first. */
  readonly layers: readonly LayerReference[];
}

/** The digest of the image for `architecture`; undefined where the document is a manifest itself. */
export function chooseFromIndex(
  content: Buffer,
  mediaType: string,
  architecture: ImageArchitecture,
): string | undefined {
  const document = objectOf(content, 'the manifest');
  const type = typeOf(document, mediaType);
  if (type !== undefined && IMAGE_TYPES.includes(type)) return undefined;
  if (type === undefined || !INDEX_TYPES.includes(type))
    throw new ImageProblem('unsupported', `manifests of type '${type}' are not supported`);
  for (const entry of listOf(document['manifests'])) {
    const platform = recordOf(entry['platform']);
    const fits = platform['architecture'] === PLATFORMS[architecture] && platform['os'] === 'linux';
    if (fits && typeof entry['digest'] === 'string') return entry['digest'];
  }
  throw new ImageProblem('unsupported', `the index has no image for linux/${PLATFORMS[architecture]}`);
}

/** Old tools leave it out; where nobody names it, the content has to. */
function typeOf(document: Readonly<Record<string, unknown>>, named: string): string | undefined {
  if (typeof document['mediaType'] === 'string') return document['mediaType'];
  if (named !== '') return named;
  return Array.isArray(document['manifests']) ? INDEX_TYPES[0] : IMAGE_TYPES[0];
}

/** Throws `ImageProblem` for what names no image, or one that is too large. */
export function parseManifest(content: Buffer): ImageManifest {
  const document = objectOf(content, 'the manifest');
  const config = referenceOf(recordOf(document['config']));
  const layers = listOf(document['layers']).map((layer): LayerReference => {
    const compression = LAYER_TYPES[String(layer['mediaType'])];
    if (compression === undefined)
      throw new ImageProblem(
        'unsupported',
        `layers of type '${String(layer['mediaType'])}' are not supported`,
      );
    return { ...referenceOf(layer), compression };
  });
  checkSize('the configuration', config.sizeBytes, MAX_DOCUMENT_BYTES);
  checkSize(
    'the layers',
    layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    MAX_IMAGE_BYTES,
  );
  return { config, layers };
}

function referenceOf(descriptor: Record<string, unknown>): ContentReference {
  const sizeBytes = descriptor['size'];
  if (typeof sizeBytes !== 'number' || sizeBytes < 0)
    throw new ImageProblem('invalid', `the manifest names '${String(sizeBytes)}' as the size of its content`);
  return { sha256: sha256Of(String(descriptor['digest'])), sizeBytes };
}

function checkSize(what: string, bytes: number, maxBytes: number): void {
  if (bytes > maxBytes)
    throw new ImageProblem('invalid', `${what} of ${bytes} bytes may have at most ${maxBytes}`);
}

export function parseConfiguration(content: Buffer): ImageConfiguration {
  const config = recordOf(objectOf(content, 'the configuration')['config']);
  const environment: Record<string, string> = {};
  for (const variable of stringsOf(config['Env'])) {
    const equals = variable.indexOf('=');
    if (equals > 0) environment[variable.slice(0, equals)] = variable.slice(equals + 1);
  }
  const workingDirectory = typeof config['WorkingDir'] === 'string' ? config['WorkingDir'] : '';
  return {
    entryPoint: stringsOf(config['Entrypoint']),
    command: stringsOf(config['Cmd']),
    workingDirectory: posix.resolve('/', workingDirectory),
    environment,
  };
}

export function objectOf(content: Buffer, what: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(content.toString()));
  } catch (error) {
    throw new ImageProblem('invalid', `${what} is not JSON`, { cause: error });
  }
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
