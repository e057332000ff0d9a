import { join } from 'node:path';
import { PlatformError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { ownerFile } from './owner-file.ts';

export interface KeyFile {
  readonly dataDirectory: string;
  /** Of the file in it. */
  readonly name: string;
  readonly bytes: number;
  /** For the operator whose file holds something else. */
  readonly remedy: string;
}

/** A key in a file of its own, for its owner only: read from the data directory, made at its first start. */
export async function keyFile({ dataDirectory, name, bytes, remedy }: KeyFile, ids: Ids): Promise<Buffer> {
  const file = join(dataDirectory, name);
  const text = (await ownerFile(file, () => `${ids.hex(bytes)}\n`)).trim();
  const key = Buffer.from(text, 'hex');
  if (key.length === bytes && text.length === bytes * 2) return key;
  throw new PlatformError(`The file ${file} holds no key: expected ${bytes * 2} hexadecimal digits.`, remedy);
}
