/** The bytes of objects on their way out, to readers and to copies. */
import type { ObjectContent } from '../../ports/object-table.ts';
import type { ByteRange } from './byte-range.ts';
import type { S3Context } from './s3-context.ts';

/** Of large objects a generator, to be iterated or returned. Rejects with ENOENT for what has been removed. */
export async function bytesOf(
  { contents }: S3Context,
  content: ObjectContent,
  { start, end }: ByteRange,
): Promise<Buffer | AsyncGenerator<Uint8Array, void>> {
  if (!(content instanceof Uint8Array)) return contents.read(content, start, end);
  return Buffer.from(content.buffer, content.byteOffset + start, end - start);
}

/** Closes what `bytesOf` has opened, whether it was read or not. */
export async function letGo(bytes: Buffer | AsyncGenerator<Uint8Array, void>): Promise<void> {
  if (!Buffer.isBuffer(bytes)) await bytes.return();
}

/** An object that is replaced as often as that while a reader opens it is not to be had. */
const MAX_ATTEMPTS = 10;

/** Finds an object and opens it; where it was removed or replaced between the two, what is there now is the answer. */
export async function whatIsThere<T>(findAndOpen: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await findAndOpen();
    } catch (error) {
      if (!isMissing(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
