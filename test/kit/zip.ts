import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import yazl from 'yazl';

export interface ZipFileContent {
  readonly content: string | Uint8Array;
  /** Permissions and file type, for example `0o100755`. Default `0o100644`. */
  readonly mode?: number;
}

/** A zip of these files; a plain string or buffer is content with the default mode. */
export async function zipOf(
  files: Readonly<Record<string, string | Uint8Array | ZipFileContent>>,
): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [path, file] of Object.entries(files)) {
    const { content, mode = 0o100644 } =
      typeof file === 'string' || file instanceof Uint8Array ? { content: file } : file;
    zip.addBuffer(Buffer.from(content as Uint8Array), path, { mode });
  }
  zip.end();
  return buffer(zip.outputStream as Readable);
}
