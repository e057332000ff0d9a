/** Writes a built image as an OCI layout. Source: OCI image specification 1.1, "Image Layout". */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltImage } from './container-image.ts';

/** `manifests` are those of `index.json`; by default the image's own, with `tag` where there is one. */
export async function writeLayout(
  directory: string,
  image: BuiltImage,
  { tag, manifests }: { readonly tag?: string; readonly manifests?: readonly object[] } = {},
): Promise<void> {
  const blobs = join(directory, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  for (const [digest, content] of [...image.blobs, [image.digest, image.manifest] as const])
    await writeFile(join(blobs, digest.slice('sha256:'.length)), content);
  const { digest, mediaType } = image;
  const annotations = tag === undefined ? {} : { 'org.opencontainers.image.ref.name': tag };
  const own = { mediaType, digest, size: image.manifest.length, annotations };
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: manifests ?? [own] }),
  );
}
