/**
 * AWS's recorded answers and vectors. They are no part of this project: longer checks (`*.ci.ts`) read
 * them where `SELFSAME_RECORDED` says, else from the folder `shared/recorded` beside the project.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT =
  process.env['SELFSAME_RECORDED'] ?? fileURLToPath(new URL('../../../shared/recorded', import.meta.url));

/** Absolute path of a recorded file or folder. */
export function recordedPath(...segments: string[]): string {
  return join(ROOT, ...segments);
}

/** A recorded JSON file, parsed. Throws when it is not there: such a check must fail, not be skipped. */
export function recordedJson<T>(...segments: string[]): T {
  return JSON.parse(readFileSync(recordedPath(...segments), 'utf8')) as T;
}
