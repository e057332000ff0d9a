/** What the machine itself has to be. */
import type { CgroupProbe } from '../../sandbox/cgroup/host-cgroups.ts';
import { probeCgroups } from '../../sandbox/cgroup/host-cgroups.ts';
import { probeNetworks } from '../../sandbox/network/host-networks.ts';
import { probeIsolation, probeOciIsolation } from '../../sandbox/sandboxes.ts';
import type { Settings } from '../settings/settings.ts';
import type { Finding } from './finding.ts';

/** The oldest major version of Node.js that selfsame runs on; `bin/selfsame` holds the same. */
const NEEDED_NODE_MAJOR = 24;

const DELEGATE =
  'Start the server as a service of its own to which the controllers are delegated (systemd: Delegate=yes), or as root.';

export function checkNode(version: string = process.versions.node): Finding {
  const subject = 'Node.js';
  if (Number(version.split('.')[0]) >= NEEDED_NODE_MAJOR) return { subject, status: 'ok', finding: version };
  return {
    subject,
    status: 'fail',
    finding: `${version} is too old.`,
    remedy: `Install Node.js ${NEEDED_NODE_MAJOR} or newer.`,
  };
}

export function checkPlatform(platform: string = process.platform, arch: string = process.arch): Finding {
  const subject = 'platform';
  const finding = `${platform} on ${arch}`;
  if (platform === 'linux') return { subject, status: 'ok', finding };
  return {
    subject,
    status: 'warn',
    finding: `${finding}: functions run as plain processes, since isolation needs Linux.`,
    remedy: 'Run selfsame on Linux, for example in a virtual machine, where isolation matters.',
  };
}

export async function checkIsolation({ isolation }: Settings): Promise<Finding> {
  const subject = 'isolation';
  if (isolation === 'process') {
    return {
      subject,
      status: 'warn',
      finding: 'process is chosen: functions are not isolated from this user.',
    };
  }
  if (isolation === 'oci') return { subject, status: 'ok', finding: 'oci is chosen' };
  const { namespaces } = await probeIsolation();
  if (namespaces.available) {
    return { subject, status: 'ok', finding: `namespaces, by bubblewrap ${namespaces.version}` };
  }
  return {
    subject,
    status: isolation === undefined ? 'warn' : 'fail',
    finding: `${namespaces.reason} Functions can run as plain processes only.`,
    remedy: namespaces.remedy,
  };
}

/** Nobody needs this level unless it is chosen. */
export async function checkOci({ isolation, ociRuntime }: Settings): Promise<Finding> {
  const subject = 'OCI runtime';
  const probe = await probeOciIsolation(ociRuntime);
  if (probe.available) {
    const { name, version, path } = probe.runtime;
    return { subject, status: 'ok', finding: `${name} ${version} (${path})` };
  }
  const { reason, remedy } = probe;
  if (isolation === 'oci') return { subject, status: 'fail', finding: reason, remedy };
  return { subject, status: 'ok', finding: `not used, and could not be: ${reason}` };
}

export async function checkNetwork({ isolation }: Settings): Promise<Finding[]> {
  const subject = 'network';
  // Functions that run as plain processes have the host's, and it is said of the level.
  const isProcess =
    isolation === undefined ? !(await probeIsolation()).namespaces.available : isolation === 'process';
  if (isProcess) return [];
  const network = await probeNetworks();
  if (network.available) return [{ subject, status: 'ok', finding: 'each environment has its own' }];
  return [
    {
      subject,
      status: 'warn',
      finding: `Functions share the network of this host: ${network.reason}`,
      remedy: network.remedy,
    },
  ];
}

/** Makes a cgroup as a server would, and removes it. */
export async function checkCgroups(probe: () => Promise<CgroupProbe> = probeCgroups): Promise<Finding> {
  const subject = 'cgroups';
  const found = await probe();
  if (!found.available) {
    return {
      subject,
      status: 'warn',
      finding: `Memory, CPU share and number of processes of functions are not limited: ${found.reason}`,
      remedy: DELEGATE,
    };
  }
  const version = `version ${found.version}`;
  if (found.missing.length === 0) return { subject, status: 'ok', finding: version };
  return {
    subject,
    status: 'warn',
    finding: `${version}, which cannot limit everything here. Not limited: ${found.missing.join(', ')}.`,
    remedy: DELEGATE,
  };
}
