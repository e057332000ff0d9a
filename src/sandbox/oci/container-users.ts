/** Containers whose processes are users of their own on the host. */
import type { EnvironmentUser, EnvironmentUsers } from '../users/environment-users.ts';
import type { UserProbe } from '../users/user-probe.ts';
import { probeUsers } from '../users/user-probe.ts';
import type { Wrapping } from './command-line.ts';
import type { OciRuntime } from './oci-runtime.ts';

/**
 * Those that are known to start a container with mapped ids. gVisor of 2022 fails ("error converting mounts: operation not
 * permitted"); its functions have a kernel of its own between them and the host's.
 */
const MAPPING: ReadonlySet<string> = new Set(['runc', 'crun']);

export async function probeContainerUsers({ name }: OciRuntime): Promise<UserProbe> {
  if (MAPPING.has(name)) return probeUsers();
  return {
    available: false,
    reason: `${name} is not known to map user ids.`,
    remedy: 'Choose runc with --oci-runtime where that matters more.',
  };
}

/** Ids of the host. */
export interface ContainerUsers {
  /** Who prepares the container: root in its user namespace, which none of its processes is in the end. */
  readonly preparing: number;
  /** The function's user, and its group. */
  readonly own: number;
}

/**
 * Undefined where the container has to run as the server's own user. `paths` are what that user must get to,
 * `directories` what the OCI runtime needs beside them, which is nobody else's business.
 */
export async function containerUsers(
  users: EnvironmentUsers | undefined,
  user: EnvironmentUser | undefined,
  paths: readonly string[],
  directories: readonly string[],
): Promise<ContainerUsers | undefined> {
  if (users === undefined || user === undefined || !(await users.reach(user, paths))) return undefined;
  await users.show(directories);
  return { preparing: users.preparingUid, own: user.uid };
}

/** The command where what the container is made of is within reach of its user. */
export function withinReach(users: EnvironmentUsers, { command, args }: Wrapping): Wrapping {
  return { command: users.nsenter, args: [...users.inReach, '--', command, ...args] };
}
