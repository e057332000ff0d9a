import { readFile } from 'node:fs/promises';
import { OWNER_ONLY, writeDurably } from '../storage/files/durable-file.ts';

/** The text of a file that only its owner may read; made with what `make` gives where it is not there. */
export async function ownerFile(file: string, make: () => string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const text = make();
  await writeDurably(file, text, OWNER_ONLY);
  return text;
}
