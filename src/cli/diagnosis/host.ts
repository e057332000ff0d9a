/** What the machine itself has to be. */
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { probeIsolation, probeOciIsolation } from '../../sandbox/sandboxes.ts';
import type { Settings } from '../settings/settings.ts';
import type { Finding } from './finding.ts';

/** The oldest major version of Node.js that selfsame runs on; `bin/selfsame` holds the same. */
const NEEDED_NODE_MAJOR = 24;

const CGROUP_ROOT = '/sys/fs/cgroup';
/** Controllers that hold memory, CPU share and number of processes of a function. */
const NEEDED_CONTROLLERS = ['cpu', 'memory', 'pids'];

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

export async function checkCgroups(root: string = CGROUP_ROOT): Promise<Finding> {
  const subject = 'cgroups';
  const unified = await readFile(join(root, 'cgroup.controllers'), 'utf8').catch(() => undefined);
  const controllers =
    unified === undefined ? await legacyControllers(root) : unified.split(/\s+/).filter(Boolean);
  const version = unified === undefined ? 'version 1' : 'version 2';
  if (controllers.length === 0) {
    return {
      subject,
      status: 'warn',
      finding: `No controllers at ${root}: memory and CPU of functions cannot be limited.`,
      remedy: 'Mount cgroups, or start this container with its own cgroup namespace.',
    };
  }
  const missing = NEEDED_CONTROLLERS.filter((name) => !controllers.includes(name));
  if (missing.length > 0) {
    return {
      subject,
      status: 'warn',
      finding: `${version} without ${missing.join(', ')}: what these would limit is not limited.`,
      remedy: 'Delegate these controllers to this user (systemd: Delegate=yes).',
    };
  }
  const directory = unified === undefined ? join(root, 'memory') : root;
  const writable = await access(directory, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (writable) return { subject, status: 'ok', finding: `${version} with ${NEEDED_CONTROLLERS.join(', ')}` };
  return {
    subject,
    status: 'warn',
    finding: `${version}, but this user may not make groups in ${directory}: memory and CPU cannot be limited.`,
    remedy: 'Delegate a group to this user (systemd: Delegate=yes), or run as root.',
  };
}

async function legacyControllers(root: string): Promise<string[]> {
  const found = await Promise.all(
    NEEDED_CONTROLLERS.map((name) =>
      access(join(root, name)).then(
        () => name,
        () => undefined,
      ),
    ),
  );
  return found.filter((name) => name !== undefined);
}
