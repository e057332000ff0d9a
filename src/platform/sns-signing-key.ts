import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigningKeyFile } from '../services/sns/signing-key.ts';
import { ownerFile } from './owner-file.ts';

const FILE_NAME = 'sns-signing-key.pem';

/** Where the key pair of SNS's signatures is kept: in the data directory, for its owner only. */
export function snsSigningKeyFile(dataDirectory: string): SigningKeyFile {
  const file = join(dataDirectory, FILE_NAME);
  return {
    async read() {
      try {
        return await readFile(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(text) {
      await ownerFile(file, () => text);
    },
  };
}
