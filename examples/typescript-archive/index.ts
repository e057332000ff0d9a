import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { checkedPath } from './checked-path.ts';

interface ArchiveEvent {
  /** Texts by the path they get in the archive. */
  readonly files: Readonly<Record<string, string>>;
}

interface Archive {
  readonly bytes: number;
  /** The zip, in base64. */
  readonly zip: string;
}

export async function handler({ files }: ArchiveEvent): Promise<Archive> {
  const archive = new ZipFile();
  for (const [path, text] of Object.entries(files)) archive.addBuffer(Buffer.from(text), checkedPath(path));
  archive.end();
  const zip = await buffer(archive.outputStream as unknown as AsyncIterable<Uint8Array>);
  return { bytes: zip.length, zip: zip.toString('base64') };
}
