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

export interface LayerReference {
  readonly sha256: string;
  readonly compression: LayerCompression;
}

export interface ImageManifest {
  readonly configSha256: string;
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
  const type = typeof document['mediaType'] === 'string' ? document['mediaType'] : mediaType;
  if (IMAGE_TYPES.includes(type)) return undefined;
  if (!INDEX_TYPES.includes(type))
    throw new ImageProblem('unsupported', `manifests of type '${type}' are not supported`);
  for (const entry of listOf(document['manifests'])) {
    const platform = recordOf(entry['platform']);
    const fits = platform['architecture'] === PLATFORMS[architecture] && platform['os'] === 'linux';
    if (fits && typeof entry['digest'] === 'string') return entry['digest'];
  }
  throw new ImageProblem('unsupported', `the index has no image for linux/${PLATFORMS[architecture]}`);
}

export function parseManifest(content: Buffer): ImageManifest {
  const document = objectOf(content, 'the manifest');
  return {
    configSha256: sha256Of(String(recordOf(document['config'])['digest'])),
    layers: listOf(document['layers']).map((layer) => {
      const compression = LAYER_TYPES[String(layer['mediaType'])];
      if (compression === undefined)
        throw new ImageProblem(
          'unsupported',
          `layers of type '${String(layer['mediaType'])}' are not supported`,
        );
      return { sha256: sha256Of(String(layer['digest'])), compression };
    }),
  };
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

function objectOf(content: Buffer, what: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(content.toString()));
  } catch (error) {
    throw new ImageProblem('invalid', `${what} is not JSON`, { cause: error });
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
