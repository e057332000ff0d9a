/**
 * Images in OCI layouts below one directory of the host. Their names are those of a registry that does not exist, so that
 * every AWS client takes them: `oci-layout.localhost/team/app:v1` is the image `v1` of the layout `team/app` there.
 * Source: OCI image specification 1.1, "Image Layout"; `localhost` is reserved by RFC 6761.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { PlatformError } from '../../core/errors.ts';
import { ImageProblem } from '../../ports/image-store.ts';
import type { ImageName } from './image-name.ts';
import { DEFAULT_TAG, sha256Of } from './image-name.ts';
import type { FetchedManifest, ImageSource } from './image-source.ts';
import { listOf, MAX_DOCUMENT_BYTES, objectOf, recordOf } from './manifest.ts';

export const LAYOUTS_HOST = 'oci-layout.localhost';

const LAYOUT_VERSION = '1.0.0';
/** The annotation of an image in a layout that has its tag. Source: "Pre-Defined Annotation Keys". */
const TAG_ANNOTATION = 'org.opencontainers.image.ref.name';

/** Rejects with `PlatformError`. */
export async function requireLayouts(directory: string): Promise<void> {
  const status = await stat(directory).catch(() => undefined);
  if (status?.isDirectory() === true) return;
  throw new PlatformError(
    `${directory}, where OCI layouts are to be, is no directory.`,
    'Name one with --image-layouts, or leave it out.',
  );
}

export class LayoutSource implements ImageSource {
  readonly name: ImageName;
  private readonly layouts: string | undefined;

  /** `layouts` is the directory, undefined where the server has been given none. */
  constructor(name: ImageName, layouts: string | undefined) {
    this.name = name;
    this.layouts = layouts;
  }

  async manifest(reference: string): Promise<FetchedManifest> {
    await this.checkVersion();
    if (reference.startsWith('sha256:'))
      return { content: await this.read(blobPath(reference)), mediaType: '' };
    const { digest, mediaType } = await this.tagged(reference);
    const content = await this.read(blobPath(digest));
    const found = createHash('sha256').update(content).digest('hex');
    if (found !== sha256Of(digest))
      throw new ImageProblem('invalid', `what the layout has for ${digest} has the digest sha256:${found}`);
    return { content, mediaType };
  }

  private async tagged(tag: string): Promise<{ readonly digest: string; readonly mediaType: string }> {
    const index = objectOf(await this.read('index.json'), `index.json of ${this.name.uri}`);
    const all = listOf(index['manifests']).map(({ digest, mediaType, annotations }) => ({
      digest: String(digest),
      mediaType: typeof mediaType === 'string' ? mediaType : '',
      tag: recordOf(annotations)[TAG_ANNOTATION],
    }));
    // Tools that were told no tag write none.
    const untagged = tag === DEFAULT_TAG && all.length === 1 && all[0]?.tag === undefined ? all : [];
    const [found, ...more] = [...all.filter((manifest) => manifest.tag === tag), ...untagged];
    if (found === undefined)
      throw new ImageProblem('not-found', `the layout of ${this.name.uri} has no image ${tag}`);
    if (more.length > 0)
      throw new ImageProblem('invalid', `the layout of ${this.name.uri} has several images ${tag}`);
    return found;
  }

  async blob(digest: string): Promise<Readable> {
    return createReadStream(await this.locate(blobPath(digest)));
  }

  private async checkVersion(): Promise<void> {
    const what = `oci-layout of ${this.name.uri}`;
    const version = objectOf(await this.read('oci-layout'), what)['imageLayoutVersion'];
    if (version !== LAYOUT_VERSION)
      throw new ImageProblem('unsupported', `${what} has the version '${String(version)}'`);
  }

  /** A document; the rest of one that is too long is cut off, so that it is none. */
  private async read(path: string): Promise<Buffer> {
    const file = await open(await this.locate(path));
    try {
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(MAX_DOCUMENT_BYTES),
        0,
        MAX_DOCUMENT_BYTES,
        0,
      );
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** The file of the layout; links must not lead out of the directory that the server was given. */
  private async locate(path: string): Promise<string> {
    const { layouts } = this;
    if (layouts === undefined)
      throw new ImageProblem('unreachable', 'the server was started without --image-layouts');
    const root = await realpath(layouts).catch(() => layouts);
    const file = await realpath(join(root, this.name.repository, path)).catch(
      (error: NodeJS.ErrnoException) => {
        throw new ImageProblem('not-found', `${this.name.uri} has no ${path}: ${error.code}`, {
          cause: error,
        });
      },
    );
    if (!file.startsWith(root + sep))
      throw new ImageProblem(
        'access-denied',
        `${path} of ${this.name.uri} leads out of the directory of layouts`,
      );
    return file;
  }
}

function blobPath(digest: string): string {
  return join('blobs', 'sha256', sha256Of(digest));
}
