import { readFile, writeFile } from 'node:fs/promises';

const OWNER_ONLY = 0o600;

/** The text of a file that only its owner may read; made with what `make` gives where it is not there. */
export async function ownerFile(file: string, make: () => string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const text = make();
  await writeFile(file, text, { mode: OWNER_ONLY, flush: true });
  return text;
}
