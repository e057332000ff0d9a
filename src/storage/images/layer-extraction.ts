/** One layer over those below it. Source: OCI image specification, "Image Layer Filesystem Changeset". */
import { createWriteStream } from 'node:fs';
import { chmod, link, lstat, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { extract } from 'tar-stream';
import { ImageProblem } from '../../ports/image-store.ts';
import type { LayerCompression } from './manifest.ts';
import { entrySegments, resolveDirectory } from './rooted-path.ts';

type Entry = Extract extends AsyncIterable<infer Source> ? Source : never;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * Permission bits that are kept. Bits that change users would let others on this host become the
 * server's user, and do nothing inside, where privileges cannot be gained.
 */
const MODE_BITS = 0o777;
/** The server must be able to fill and to remove what it has extracted. */
const OWNER_DIRECTORY_BITS = 0o700;

const DECOMPRESSORS: Readonly<Record<LayerCompression, () => Duplex>> = {
  none: () => new PassThrough(),
  gzip: () => createGunzip(),
  zstd: () => createZstdDecompress(),
};

/**
 * Adds the layer `content` to the directory `root`; resolves to the bytes of its archive. Rejects with
 * `ImageProblem` for what is no layer, or has an archive of more than `maxBytes`.
 */
export async function extractLayer(
  content: Readable,
  compression: LayerCompression,
  root: string,
  maxBytes: number,
): Promise<number> {
  const layer = new Layer(root);
  const archive = extract();
  let bytes = 0;
  // All of the archive counts: a few compressed bytes may hold entries without content and without end.
  const count = async function* (chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes)
        throw new ImageProblem('invalid', `a layer unpacks to more than the ${maxBytes} bytes that are left`);
      yield chunk;
    }
  };
  const unpacked = pipeline(content, DECOMPRESSORS[compression](), count, archive);
  // The loop below meets the same failure, since the archive is destroyed with it.
  unpacked.catch(() => {});
  try {
    for await (const entry of archive) await layer.add(entry);
    await unpacked;
    await layer.finish();
    return bytes;
  } catch (error) {
    content.destroy();
    throw asProblem(error);
  }
}

class Layer {
  private readonly root: string;
  /** What this layer made, as whiteouts hide only what lower layers did. */
  private readonly own = new Set<string>();
  private readonly directoryModes = new Map<string, number>();

  constructor(root: string) {
    this.root = root;
  }

  async add(entry: Entry): Promise<void> {
    const segments = entrySegments(entry.header.name);
    const name = segments.pop();
    if (name === undefined) {
      entry.resume();
      return;
    }
    const directory = await resolveDirectory(this.root, segments);
    if (name.startsWith(WHITEOUT)) await this.hide(directory, name);
    else await this.make(directory, name, entry);
    // What has no content of its own still has to be read to its end.
    entry.resume();
  }

  /** Directories get their modes last: one that may not be written must be filled first. */
  async finish(): Promise<void> {
    for (const [path, mode] of this.directoryModes) await chmod(path, mode);
  }

  private async hide(directory: string, name: string): Promise<void> {
    if (name === OPAQUE) return this.hideChildren(directory);
    const hidden = name.slice(WHITEOUT.length);
    if (hidden === '' || hidden === '.' || hidden === '..')
      throw new ImageProblem('invalid', `a layer has the whiteout '${name}'`);
    await this.hidePath(join(directory, hidden));
  }

  private async hideChildren(directory: string): Promise<void> {
    for (const child of await readdir(directory)) await this.hidePath(join(directory, child));
  }

  private async hidePath(path: string): Promise<void> {
    if (!this.own.has(path)) return this.remove(path);
    const status = await lstat(path).catch(() => undefined);
    if (status?.isDirectory() === true) await this.hideChildren(path);
  }

  private async make(directory: string, name: string, entry: Entry): Promise<void> {
    const { type, linkname, mode = 0o755 } = entry.header;
    const path = join(directory, name);
    const existing = await lstat(path).catch(() => undefined);
    const replaces = existing !== undefined && !(type === 'directory' && existing.isDirectory());
    if (replaces && !(type === 'link' && (await this.isSamePath(linkname ?? '', path))))
      await this.remove(path);
    switch (type) {
      case 'directory':
        if (existing === undefined || replaces) await mkdir(path);
        this.directoryModes.set(path, (mode & MODE_BITS) | OWNER_DIRECTORY_BITS);
        break;
      case 'file':
      case 'contiguous-file':
        await this.write(path, mode & MODE_BITS, entry);
        break;
      case 'symlink':
        await symlink(linkname ?? '', path);
        break;
      case 'link':
        await this.link(linkname ?? '', path);
        break;
      default:
        // Devices and pipes: an environment gets its own /dev.
        return;
    }
    this.markOwn(path);
  }

  private async write(path: string, mode: number, entry: Entry): Promise<void> {
    await pipeline(entry, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    await chmod(path, mode);
  }

  private async link(target: string, path: string): Promise<void> {
    const source = await this.locate(target);
    if (source === path) return;
    await link(source, path);
  }

  private async isSamePath(target: string, path: string): Promise<boolean> {
    return (await this.locate(target)) === path;
  }

  private async locate(target: string): Promise<string> {
    const segments = entrySegments(target);
    const name = segments.pop();
    if (name === undefined) throw new ImageProblem('invalid', 'a layer links to the root of the image');
    return join(await resolveDirectory(this.root, segments), name);
  }

  /** Forgets the directory's mode too: `chmod` would follow a link that takes its place out of the image. */
  private async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
    for (const known of this.directoryModes.keys())
      if (known === path || known.startsWith(path + sep)) this.directoryModes.delete(known);
  }

  private markOwn(path: string): void {
    for (let at = path; at !== this.root && !this.own.has(at); at = dirname(at)) this.own.add(at);
  }
}

/** Archives fail with errors of zlib and tar; what the disk says keeps its own. */
function asProblem(error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof ImageProblem) return error;
  if (syscall === undefined || code === 'ENOENT')
    return new ImageProblem('invalid', `a layer cannot be unpacked: ${message}`, { cause: error });
  return error;
}
