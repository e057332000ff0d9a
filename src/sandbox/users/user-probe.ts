/** Whether this host can give each environment a user of its own. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findOnPath } from '../executables.ts';
import { BLOCK_COUNT, BLOCK_SIZE, FIRST_UID, RESERVED_INDEX } from './user-block.ts';

const run = promisify(execFile);

/** A host that takes longer than this to start a sandbox cannot serve functions with it, milliseconds. */
const PROBE_TIMEOUT_MS = 10_000;

export type UserProbe =
  /** `nsenter` is its absolute path. */
  | { readonly available: true; readonly nsenter: string }
  | { readonly available: false; readonly reason: string; readonly remedy: string };

/** Looks, and starts nothing. */
export async function probeUsers(): Promise<UserProbe> {
  if (process.getuid?.() !== 0) {
    return {
      available: false,
      reason: 'only root can run them as other users.',
      remedy: 'Run selfsame as root where functions of different owners must be kept apart by that, too.',
    };
  }
  const nsenter = await findOnPath('nsenter');
  if (nsenter === undefined || (await findOnPath('unshare')) === undefined) {
    return {
      available: false,
      reason: 'util-linux is not installed.',
      remedy: 'Install the package `util-linux`.',
    };
  }
  if (!(await areMapped())) {
    return {
      available: false,
      reason: `this server is in a user namespace that does not have the ids from ${FIRST_UID} on.`,
      remedy: 'Run selfsame outside of it.',
    };
  }
  return { available: true, nsenter };
}

/** Starts a sandbox of `bwrap` as such a user, too, which has no rights of root. */
export async function probeSandboxUsers(bwrap: string): Promise<UserProbe> {
  const probe = await probeUsers();
  if (!probe.available) return probe;
  const sandbox = ['--unshare-user', '--unshare-pid', '--uid', '993', '--gid', '990', '--ro-bind', '/', '/'];
  const command = [...asUser(FIRST_UID + RESERVED_INDEX), '--', bwrap, ...sandbox, '--proc', '/proc', 'true'];
  try {
    await run(probe.nsenter, command, { timeout: PROBE_TIMEOUT_MS });
    return probe;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return {
      available: false,
      reason: `another user cannot make a sandbox here: ${(stderr || message).trim()}.`,
      remedy:
        'Allow user namespaces to all users (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0).',
    };
  }
}

/** Arguments of `nsenter`, which also drops the groups and every capability. */
export function asUser(id: number): string[] {
  return ['--setgid', String(id), '--setuid', String(id)];
}

/** Both files have lines of first id inside, first id outside, and count. Source: user_namespaces(7). */
async function areMapped(): Promise<boolean> {
  const maps = await Promise.all(
    ['uid_map', 'gid_map'].map((file) => readFile(`/proc/self/${file}`, 'latin1').catch(() => '')),
  );
  const last = FIRST_UID + BLOCK_COUNT * BLOCK_SIZE - 1;
  return maps.every((map) =>
    map.split('\n').some((line) => {
      const [first = Number.NaN, , count = 0] = line.trim().split(/\s+/).map(Number);
      return first <= FIRST_UID && last < first + count;
    }),
  );
}
