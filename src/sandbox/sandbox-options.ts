import type { Log } from '../ports/log.ts';
import type { HostLimits } from './cgroup/environment-limits.ts';
import type { HostNetworks } from './network/host-networks.ts';
import type { HostUsers } from './users/host-users.ts';

export interface SandboxOptions {
  /** Scratch space of environments; exists, and belongs to this server alone. */
  readonly environmentsDirectory: string;
  /** Prepared runtime directories are kept here. */
  readonly runtimesDirectory: string;
  /** Generic environments that are kept started at most, where the level can. Default none. */
  readonly pooledEnvironments?: number;
  /** What environments are held to; without it to the number of descriptors alone. */
  readonly limits?: HostLimits;
  /** Networks for environments; without them all have the host's. */
  readonly networks?: HostNetworks;
  /** Users of the host for environments; without them all run as the server's own. */
  readonly users?: HostUsers;
  /** Name or path of the program for the level *oci*; without it the first on PATH that works. */
  readonly ociRuntime?: string | undefined;
  readonly log: Log;
}
