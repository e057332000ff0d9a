/** Small files that are there as a whole or not at all, whatever is killed or loses power. */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Permissions of a file that only its owner may read. */
export const OWNER_ONLY = 0o600;

/** Writes beside `file` first; durable when it resolves. Source of the default: `open(2)`, before the umask. */
export async function writeDurably(file: string, text: string, mode = 0o666): Promise<void> {
  const unfinished = `${file}.new`;
  const handle = await open(unfinished, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
  await syncDirectory(dirname(file));
}

/** Names that were made or removed in the directory are so after a power failure, too. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
