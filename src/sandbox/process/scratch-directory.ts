/** Scratch directories of plain processes, in which a function may have left whatever its user can make. */
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Also where the function has closed directories to its own user, which is the server's. */
export async function removeScratch(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    await openDirectories(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

async function openDirectories(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await openDirectories(join(directory, entry.name));
}
