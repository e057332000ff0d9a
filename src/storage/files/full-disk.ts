import { PlatformError } from '../../core/errors.ts';

/** What operators are told where a file could not be written for want of room; other errors pass unchanged. */
export function explainFullDisk(error: unknown, what: string, directory: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new PlatformError(
    `no space left to store ${what} under ${directory}; nothing of it is kept`,
    'Free space on that file system, then repeat the request.',
    { cause: error },
  );
}
