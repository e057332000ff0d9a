/** An OCI bundle: the configuration of one container (OCI runtime specification 1.0.2), as much as an environment needs. */
import { MAX_DESCRIPTORS } from '../cgroup/environment-limits.ts';
import { SANDBOX_USER } from '../filesystem/host-files.ts';
import type { Mount } from '../filesystem/mount.ts';
import type { ContainerUsers } from './container-users.ts';
import { seccomp } from './seccomp.ts';

/** What shows more of the host in /proc than a function may know. */
const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
];
const READ_ONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export interface ContainerPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** The host's directory that becomes `/`, read-only. */
  readonly rootDirectory: string;
  readonly mounts: readonly Mount[];
  /** Whether a filter of system calls can say with which error it refuses. */
  readonly saysErrors: boolean;
  readonly tmpBytes: number;
  readonly memoryBytes: number;
  readonly processes: number;
  /** Users of the host; those of the container's own ids where there are none. */
  readonly users?: ContainerUsers | undefined;
  /** Path of a network namespace; the host's where there is none. */
  readonly network: string | undefined;
}

/** The content of `config.json`. */
export function containerConfiguration(plan: ContainerPlan): object {
  const { uid, gid } = SANDBOX_USER;
  const network = plan.network === undefined ? [] : [{ type: 'network', path: plan.network }];
  const user = plan.users === undefined ? [] : [{ type: 'user' }];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid, gid },
      args: [plan.command, ...plan.args],
      env: Object.entries(plan.variables).map(([name, value]) => `${name}=${value}`),
      cwd: plan.workingDirectory,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: MAX_DESCRIPTORS, soft: MAX_DESCRIPTORS }],
      noNewPrivileges: true,
    },
    root: { path: plan.rootDirectory, readonly: true },
    mounts: [...kernelMounts(plan.tmpBytes), ...plan.mounts.flatMap(bindMount)],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
        ...network,
        ...user,
      ],
      ...(plan.users === undefined
        ? {}
        : { uidMappings: mappings(plan.users, uid), gidMappings: mappings(plan.users, gid) }),
      // No share of processor time: it changes after Init, and version 1 lets no group have less than one within it.
      // The environment's own cgroup, in which the OCI runtime makes this one, has it.
      resources: {
        memory: { limit: plan.memoryBytes },
        pids: { limit: plan.processes },
        devices: [{ allow: false, access: 'rwm' }],
      },
      seccomp: seccomp(process.arch, plan.saysErrors),
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READ_ONLY_PATHS,
    },
  };
}

function mappings({ preparing, own }: ContainerUsers, id: number): object[] {
  return [
    { containerID: 0, hostID: preparing, size: 1 },
    { containerID: id, hostID: own, size: 1 },
  ];
}

function kernelMounts(tmpBytes: number): object[] {
  const { uid, gid } = SANDBOX_USER;
  return [
    {
      destination: '/proc',
      type: 'proc',
      source: 'proc',
      options: ['nosuid', 'noexec', 'nodev'],
    },
    // The OCI runtime puts the devices in that every container has, then makes it read-only.
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=64k', 'ro'],
    },
    {
      destination: '/tmp',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'mode=700', `uid=${uid}`, `gid=${gid}`, `size=${tmpBytes}`],
    },
  ];
}

/** Links and empty directories are in the root directory. */
function bindMount(mount: Mount): object[] {
  if (mount.kind !== 'bind') return [];
  return [
    {
      destination: mount.target,
      type: 'bind',
      source: mount.source,
      // Not what is mounted below it: that would stay writable.
      options: ['bind', 'ro', 'nosuid', 'nodev'],
    },
  ];
}
