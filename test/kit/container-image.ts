/** Container images made by hand: layers from lists of entries, and what a registry keeps of them. */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Header } from 'tar-stream';
import { pack } from 'tar-stream';

export type LayerEntry = Partial<Header> & { readonly name: string; readonly content?: string | Uint8Array };

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** What a registry is given: content by digest, and one manifest to name. */
export interface BuiltImage {
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly manifest: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

export interface ImageParts {
  readonly layers: readonly (readonly LayerEntry[])[];
  /** `Entrypoint`, `Cmd`, `Env`, `WorkingDir`. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly compression?: 'gzip' | 'zstd' | 'none';
}

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

export function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

export async function layerOf(entries: readonly LayerEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header, content ?? '');
  archive.finalize();
  return buffer(archive);
}

export async function builtImage({
  layers,
  config = {},
  compression = 'gzip',
}: ImageParts): Promise<BuiltImage> {
  const blobs = new Map<string, Buffer>();
  const add = (content: Buffer, mediaType: string): Descriptor => {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  };
  const described: Descriptor[] = [];
  const diffs: string[] = [];
  for (const entries of layers) {
    const tar = await layerOf(entries);
    diffs.push(digestOf(tar));
    const compressed = { gzip: gzipSync, zstd: zstdCompressSync, none: (bytes: Buffer) => bytes }[
      compression
    ](tar);
    described.push(add(compressed, compression === 'none' ? LAYER : `${LAYER}+${compression}`));
  }
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const document = { architecture, os: 'linux', config, rootfs: { type: 'layers', diff_ids: diffs } };
  const configuration = add(
    Buffer.from(JSON.stringify(document)),
    'application/vnd.oci.image.config.v1+json',
  );
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: configuration, layers: described }),
  );
  return { blobs, manifest, mediaType: OCI_MANIFEST, digest: digestOf(manifest) };
}

/** Pushes as a registry client does: each blob in one upload, then the manifest under a tag. */
export async function pushImage(
  registry: string,
  repository: string,
  tag: string,
  image: BuiltImage,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const base = `${registry}/v2/${repository}`;
  for (const [digest, content] of image.blobs) {
    const begun = await expectStatus(fetch(`${base}/blobs/uploads/`, { method: 'POST', headers }), 202);
    const upload = new URL(begun.headers.get('location')!, registry);
    upload.searchParams.set('digest', digest);
    const type = { 'content-type': 'application/octet-stream' };
    await expectStatus(
      fetch(upload, { method: 'PUT', headers: { ...headers, ...type }, body: Uint8Array.from(content) }),
      201,
    );
  }
  await expectStatus(
    fetch(`${base}/manifests/${tag}`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': image.mediaType },
      body: Uint8Array.from(image.manifest),
    }),
    201,
  );
}

async function expectStatus(answer: Promise<Response>, status: number): Promise<Response> {
  const response = await answer;
  if (response.status !== status)
    throw new Error(`${response.url} answered ${response.status}, not ${status}: ${await response.text()}`);
  return response;
}
