import { access, constants, statfs } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import type { Finding } from './finding.ts';

/** Below this much free space functions and logs soon have no room, bytes. */
const LOW_SPACE_BYTES = 1024 ** 3;
/** Below this much not even a large package has room, bytes; unpacked ones may have 250 MB. */
const NO_SPACE_BYTES = 256 * 1024 ** 2;

/** The directory, or the nearest one above it that exists: it has to be writable. */
export async function checkDataDirectory(settings: Settings): Promise<Finding> {
  const subject = 'data directory';
  const path = dataDirectoryOf(settings);
  const existing = await nearestExisting(path);
  try {
    await access(existing, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return {
      subject,
      status: 'fail',
      finding: `${path} cannot be used (${(error as Error).message}).`,
      remedy: 'Choose another one with --data-dir, or let this user write it.',
    };
  }
  return { subject, status: 'ok', finding: existing === path ? path : `${path}, made at the first start` };
}

export async function checkFreeSpace(settings: Settings): Promise<Finding> {
  const subject = 'free space';
  const path = await nearestExisting(dataDirectoryOf(settings));
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  const finding = `${(free / 1024 ** 3).toFixed(1)} GB at ${path}`;
  if (free >= LOW_SPACE_BYTES) return { subject, status: 'ok', finding };
  return {
    subject,
    status: free < NO_SPACE_BYTES ? 'fail' : 'warn',
    finding: `Only ${finding}.`,
    remedy: 'Free space there, or choose another file system with --data-dir.',
  };
}

function dataDirectoryOf({ dataDir }: Settings): string {
  if (dataDir === 'temporary') return tmpdir();
  return dataDir ?? join(homedir(), '.selfsame');
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists || dirname(path) === path ? path : nearestExisting(dirname(path));
}
