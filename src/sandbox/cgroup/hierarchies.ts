/** Where this host has its cgroups, and where in them this process is. */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** One mounted hierarchy. */
export interface Hierarchy {
  /** Directory it is mounted at. */
  readonly mount: string;
  /** Directory of this process's own group; `mount` where that is out of sight. */
  readonly own: string;
}

export interface Hierarchies {
  /** Version 1, by controller. */
  readonly legacy: ReadonlyMap<string, Hierarchy>;
  /** Version 2. */
  readonly unified: Hierarchy | undefined;
}

/** Of the host where there is /proc; nothing elsewhere. */
export async function readHierarchies(proc = '/proc/self'): Promise<Hierarchies> {
  const [mounts, groups] = await Promise.all(
    ['mountinfo', 'cgroup'].map((name) => readFile(join(proc, name), 'utf8').catch(() => '')),
  );
  return parseHierarchies(mounts!, groups!);
}

/** `mounts` as in /proc/self/mountinfo, `groups` as in /proc/self/cgroup (proc(5), cgroups(7)). */
export function parseHierarchies(mounts: string, groups: string): Hierarchies {
  const paths = new Map<string, string>();
  for (const line of groups.split('\n')) {
    const [, controllers, ...path] = line.split(':');
    for (const controller of controllers?.split(',') ?? []) paths.set(controller, path.join(':'));
  }
  const legacy = new Map<string, Hierarchy>();
  let unified: Hierarchy | undefined;
  for (const line of mounts.split('\n')) {
    const [left, right] = line.split(' - ');
    const [, , , root, mount] = left?.split(' ') ?? [];
    const [type, , options] = right?.split(' ') ?? [];
    if (root === undefined || mount === undefined) continue;
    if (type === 'cgroup2') unified ??= hierarchy(mount, root, paths.get(''));
    if (type !== 'cgroup') continue;
    for (const controller of options?.split(',') ?? [])
      if (paths.has(controller) && !legacy.has(controller))
        legacy.set(controller, hierarchy(mount, root, paths.get(controller)));
  }
  return { legacy, unified };
}

function hierarchy(mount: string, root: string, path = '/'): Hierarchy {
  const below = relative(root, path);
  // A container may see only a part of the tree, in which its own group has another name or none.
  return { mount, own: below.startsWith('..') ? mount : join(mount, below) };
}
