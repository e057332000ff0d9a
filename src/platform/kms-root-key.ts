/** The key that seals what is secret in the data directory: a file of its own, for its owner only. */
import { join } from 'node:path';
import { PlatformError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { ROOT_KEY_BYTES } from '../services/kms/root-key.ts';
import { ownerFile } from './owner-file.ts';

const FILE = 'kms-root-key';
const DIGITS = ROOT_KEY_BYTES * 2;

/** Read from the data directory; made at its first start. */
export async function kmsRootKey(dataDirectory: string, ids: Ids): Promise<Uint8Array> {
  const file = join(dataDirectory, FILE);
  const text = (await ownerFile(file, () => `${ids.hex(ROOT_KEY_BYTES)}\n`)).trim();
  const key = Buffer.from(text, 'hex');
  if (key.length === ROOT_KEY_BYTES && text.length === DIGITS) return key;
  throw new PlatformError(
    `The file ${file} holds no key: expected ${DIGITS} hexadecimal digits.`,
    'Put back the file that belongs to this data directory; without it no KMS key of it can be used.',
  );
}
