/** Whether this host can give each environment a user of its own. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findOnPath } from '../executables.ts';
import { BLOCK_COUNT, BLOCK_SIZE, FIRST_UID, PROBE_INDEX } from './user-block.ts';

const run = promisify(execFile);

/** A host that takes longer than this to start a sandbox cannot serve functions with it, milliseconds. */
const PROBE_TIMEOUT_MS = 10_000;

export type UserProbe =
  /** `nsenter` is its absolute path. */
  | { readonly available: true; readonly nsenter: string }
  | { readonly available: false; readonly reason: string; readonly remedy: string };

/** Starts a sandbox of `bwrap` as such a user. */
export async function probeUsers(bwrap: string): Promise<UserProbe> {
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
  const args = ['--unshare-user', '--unshare-pid', '--uid', '993', '--gid', '990'];
  const sandbox = [bwrap, ...args, '--ro-bind', '/usr', '/usr', '--proc', '/proc', '--dev', '/dev'];
  const id = String(FIRST_UID + PROBE_INDEX);
  const command = [...asUser(id), '--', ...sandbox, '--tmpfs', '/tmp', '--', '/usr/bin/env', 'true'];
  try {
    const links = ['bin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]);
    command.splice(command.indexOf('--tmpfs'), 0, ...links);
    await run(nsenter, command, { timeout: PROBE_TIMEOUT_MS });
    return { available: true, nsenter };
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
export function asUser(id: number | string): string[] {
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
