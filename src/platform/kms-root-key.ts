import type { Ids } from '../core/ids.ts';
import { ROOT_KEY_BYTES } from '../services/kms/root-key.ts';
import { keyFile } from './key-file.ts';

const REMEDY =
  'Put back the file that belongs to this data directory; without it no KMS key of it can be used.';

/** The key that seals what is secret in the data directory. */
export function kmsRootKey(dataDirectory: string, ids: Ids): Promise<Uint8Array> {
  return keyFile({ dataDirectory, name: 'kms-root-key', bytes: ROOT_KEY_BYTES, remedy: REMEDY }, ids);
}
