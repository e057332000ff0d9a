import { PlatformError } from '../core/errors.ts';
import type { IsolationLevel, Sandbox } from '../ports/environment.ts';
import { HostLimits } from './cgroup/environment-limits.ts';
import { forgetCgroups, openCgroups, removeLeftoverCgroups } from './cgroup/host-cgroups.ts';
import { NamespacesSandbox } from './namespaces/namespaces-sandbox.ts';
import type { Probe } from './namespaces/probe.ts';
import { probeNamespaces } from './namespaces/probe.ts';
import { HostNetworks } from './network/host-networks.ts';
import { removeLeftContainers } from './oci/container-state.ts';
import { probeContainerUsers } from './oci/container-users.ts';
import { OciSandbox } from './oci/oci-sandbox.ts';
import type { OciProbe } from './oci/probe.ts';
import { probeOci } from './oci/probe.ts';
import { ProcessSandbox, removeLeftovers } from './process/process-sandbox.ts';
import type { SandboxOptions } from './sandbox-options.ts';
import { HostUsers } from './users/host-users.ts';
import { probeSandboxUsers } from './users/user-probe.ts';

export type { SandboxOptions } from './sandbox-options.ts';

export interface IsolationProbe {
  readonly namespaces: Probe;
}

let probed: Promise<IsolationProbe> | undefined;

/** What this host can hold beside *process*, which it always can. Looked up once: it starts sandboxes to find out. */
export function probeIsolation(): Promise<IsolationProbe> {
  probed ??= probeNamespaces().then((namespaces) => ({ namespaces }));
  return probed;
}

const probedOci = new Map<string | undefined, Promise<OciProbe>>();

/** Whether this host can hold *oci* with the program of this name or path, or with any. Looked up once. */
export function probeOciIsolation(ociRuntime?: string): Promise<OciProbe> {
  let probe = probedOci.get(ociRuntime);
  if (probe === undefined) {
    probe = probeOci(ociRuntime);
    probedOci.set(ociRuntime, probe);
  }
  return probe;
}

/** Removes what a killed server left behind, then opens the level. Rejects where the host cannot hold it. */
export async function createSandbox(level: IsolationLevel, given: SandboxOptions): Promise<Sandbox> {
  const { environmentsDirectory, log } = given;
  // First: what is ended by its cgroup cannot start anything more that is looked for below, nor stand still.
  const ended =
    (await removeLeftoverCgroups(environmentsDirectory, log)) +
    (await removeLeftContainers(environmentsDirectory)) +
    (await removeLeftovers(environmentsDirectory));
  if (ended > 0) log.warn({ ended }, 'Ended environments that an earlier server left running.');
  const limits = new HostLimits(await openCgroups(environmentsDirectory, log), () =>
    forgetCgroups(environmentsDirectory),
  );
  try {
    return await openLevel(level, { ...given, limits });
  } catch (error) {
    await limits.close();
    throw error;
  }
}

async function openLevel(level: IsolationLevel, options: SandboxOptions): Promise<Sandbox> {
  switch (level) {
    case 'process':
      return new ProcessSandbox(options);
    case 'namespaces': {
      const { namespaces } = await probeIsolation();
      if (!namespaces.available) throw new PlatformError(namespaces.reason, namespaces.remedy);
      const networks = await HostNetworks.open(options.log);
      const users = new HostUsers(() => probeSandboxUsers(namespaces.bwrap), options.log);
      return new NamespacesSandbox({ ...options, networks, users }, namespaces.bwrap);
    }
    case 'oci': {
      const oci = await probeOciIsolation(options.ociRuntime);
      if (!oci.available) throw new PlatformError(oci.reason, oci.remedy);
      const networks = await HostNetworks.open(options.log);
      const users = new HostUsers(() => probeContainerUsers(oci.runtime), options.log);
      return new OciSandbox({ ...options, networks, users }, oci.runtime);
    }
  }
}
