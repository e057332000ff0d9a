import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findOnPath } from '../executables.ts';
import { systemMounts } from '../filesystem/host-files.ts';
import { bubblewrapArguments } from '../filesystem/mount.ts';

const run = promisify(execFile);

/** A host that takes longer than this to start a sandbox cannot serve functions with it, milliseconds. */
const PROBE_TIMEOUT_MS = 10_000;

export type Probe =
  | { readonly available: true; readonly bwrap: string; readonly version: string }
  | { readonly available: false; readonly reason: string; readonly remedy: string };

/** Whether this host can hold the *namespaces* level: starts a sandbox that does nothing. */
export async function probeNamespaces(): Promise<Probe> {
  if (process.platform !== 'linux') {
    return {
      available: false,
      reason: `${process.platform} has no Linux namespaces.`,
      remedy: 'Run selfsame on Linux.',
    };
  }
  const bwrap = await findOnPath('bwrap');
  if (bwrap === undefined) {
    return {
      available: false,
      reason: 'bubblewrap (bwrap) is not installed.',
      remedy: 'Install the package `bubblewrap`.',
    };
  }
  const args = [
    '--unshare-user',
    '--unshare-pid',
    '--uid',
    '993',
    '--gid',
    '990',
    // As for an environment. Of the whole host something may be unmounted meanwhile, such as another server's networks.
    ...bubblewrapArguments(await systemMounts()),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
  ];
  try {
    const [{ stdout }] = await Promise.all([
      run(bwrap, ['--version'], { timeout: PROBE_TIMEOUT_MS }),
      run(bwrap, [...args, '--size', '4096', '--tmpfs', '/tmp', 'true'], { timeout: PROBE_TIMEOUT_MS }),
    ]);
    return { available: true, bwrap, version: stdout.trim().replace(/^bubblewrap /, '') };
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return {
      available: false,
      reason: `bubblewrap cannot make a sandbox here: ${(stderr || message).trim()}.`,
      remedy:
        'Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces), or run as root.',
    };
  }
}
