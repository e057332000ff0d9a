/** Programs of this host. */
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/** Absolute path of the first one of that name on PATH. */
export async function findOnPath(program: string): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(':')) {
    const path = join(directory, program);
    if (directory !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
