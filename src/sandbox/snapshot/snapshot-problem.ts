/** Where snapshots can be had, and of what: as sentences that a person reads as the `StateReason` of a version. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnvironmentSpec } from '../../ports/environment.ts';
import type { HostLimits } from '../cgroup/environment-limits.ts';
import { seccompFilter } from '../namespaces/seccomp-filter.ts';

/** Undefined where there can be one. */
export async function snapshotProblem(
  spec: EnvironmentSpec,
  limits: Pick<HostLimits, 'areEnforced'>,
): Promise<string | undefined> {
  const { installation, image, layersDirectory } = spec;
  if (image !== undefined) return 'Snapshots of functions in container images cannot be taken here.';
  if (installation.family !== 'python') {
    return `Snapshots of ${installation.runtime} cannot be taken here: they are made by forking, which only Python can.`;
  }
  if (process.getuid?.() !== 0) return 'Snapshots can be restored only where the server runs as root.';
  if (!limits.areEnforced) return 'Snapshots can be restored only where the host has cgroups.';
  if (seccompFilter() === undefined)
    return `Snapshots cannot be restored on the architecture ${process.arch}.`;
  if (layersDirectory !== undefined && (await hasExtensions(layersDirectory)))
    return 'Snapshots of functions with external extensions cannot be taken here.';
  return undefined;
}

async function hasExtensions(layersDirectory: string): Promise<boolean> {
  const names = await readdir(join(layersDirectory, 'extensions')).catch(() => []);
  return names.length > 0;
}
