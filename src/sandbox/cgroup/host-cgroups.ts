/** Finds the cgroups that this server may use, and makes its own in them. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../ports/log.ts';
import type { CgroupParent } from './cgroup.ts';
import { removeDirectories } from './directories.ts';
import type { Hierarchies, Hierarchy } from './hierarchies.ts';
import { readHierarchies } from './hierarchies.ts';
import { isGone, ownerName, PREFIX } from './owner-name.ts';
import type { V1Controller } from './version-1.ts';
import { thawV1, V1_CONTROLLERS, V1Parent } from './version-1.ts';
import { thawV2, V2_CONTROLLERS, V2Parent } from './version-2.ts';

/** Under the scratch directory of environments: the cgroups of the server that has it, one a line. */
const RECORD_FILE = 'cgroups';

/** The group beside those of environments that the server itself goes into where version 2 wants it so. */
const SERVER_GROUP = 'selfsame-server';

/** What cannot be enforced without a controller. */
const LOST: Readonly<Record<V1Controller, string>> = {
  memory: 'memory',
  cpu: 'CPU share',
  pids: 'number of processes',
  freezer: 'freezing of processes that leave their group',
};

interface Made {
  readonly parent: CgroupParent;
  readonly directories: readonly string[];
}

export type CgroupProbe =
  | { readonly available: true; readonly version: 1 | 2; readonly missing: readonly string[] }
  | { readonly available: false; readonly reason: string };

/** What this host lets a server do, found by making a group and removing it. */
export async function probeCgroups(hierarchies?: Hierarchies): Promise<CgroupProbe> {
  const found = hierarchies ?? (await readHierarchies());
  const made = makeParent(found, ownerName());
  if ('reason' in made) return { available: false, reason: made.reason };
  await made.parent.close();
  return { available: true, version: made.parent.version, missing: made.parent.missing };
}

/**
 * This server's cgroup, for a server that has this scratch directory to itself, in which it is recorded.
 * Undefined where the host has none that can be used; the log says what is not enforced then.
 */
export async function openCgroups(
  environmentsDirectory: string,
  log: Log,
  hierarchies?: Hierarchies,
): Promise<CgroupParent | undefined> {
  const found = hierarchies ?? (await readHierarchies());
  const record = join(environmentsDirectory, RECORD_FILE);
  const made = makeParent(found, ownerName());
  if ('reason' in made) {
    log.warn({}, `Memory, CPU share and number of processes of functions are not limited: ${made.reason}`);
    return undefined;
  }
  const { parent, directories } = made;
  // Without a record, groups are still found by their names where the next server looks.
  await writeFile(record, directories.join('\n')).catch((error: Error) =>
    log.warn({ error: error.message }, 'The cgroups of this server could not be recorded.'),
  );
  if (parent.missing.length > 0)
    log.warn({}, `This host's cgroups cannot hold everything. Not limited: ${parent.missing.join(', ')}.`);
  return parent;
}

/**
 * Ends what a killed server left: one that had the same directory, wherever its groups are, and any other
 * whose groups are where this one's will be. Resolves with how many processes it ended.
 */
export async function removeLeftoverCgroups(environmentsDirectory: string, log: Log): Promise<number> {
  const record = join(environmentsDirectory, RECORD_FILE);
  const hierarchies = await readHierarchies();
  const recorded = await readFile(record, 'utf8').catch(() => '');
  const left = new Set(recorded.split('\n').filter((path) => path !== ''));
  for (const directory of placesOf(hierarchies)) {
    const names = await readdir(directory).catch(() => []);
    for (const name of names) if (name.startsWith(PREFIX) && isGone(name)) left.add(join(directory, name));
  }
  const ended = await removeDirectories([...left], (directory) => {
    thawV1(directory);
    thawV2(directory);
  }).catch((error: Error) => {
    // It keeps nobody from serving.
    log.warn({ error: error.message }, 'Cgroups that an earlier server left cannot be removed.');
    return 0;
  });
  await forgetCgroups(environmentsDirectory);
  return ended;
}

/** Removes the record of this server's cgroup, which has been removed. Never rejects. */
export async function forgetCgroups(environmentsDirectory: string): Promise<void> {
  await rm(join(environmentsDirectory, RECORD_FILE), { force: true }).catch(() => {});
}

/** Every directory in which a server may have made its group. */
function placesOf({ legacy, unified }: Hierarchies): Set<string> {
  const all = [...V1_CONTROLLERS.map((name) => legacy.get(name)), unified];
  return new Set(all.flatMap((one) => (one === undefined ? [] : candidates(one))));
}

/** Its own group first, since that is what was given to it; then the top, where a host's root may go. */
function candidates({ own, mount }: Hierarchy): string[] {
  return own === mount ? [mount] : [own, mount];
}

function makeParent(hierarchies: Hierarchies, name: string): Made | { readonly reason: string } {
  if (hierarchies.legacy.size === 0 && hierarchies.unified === undefined)
    return { reason: 'this host has no cgroups in view.' };
  // A hybrid host has its controllers in version 1 and an empty version 2 beside them.
  const isLegacy = V1_CONTROLLERS.some((controller) => hierarchies.legacy.has(controller));
  return isLegacy ? makeV1(hierarchies.legacy, name) : makeV2(hierarchies.unified!, name);
}

function makeV1(legacy: Hierarchies['legacy'], name: string): Made | { readonly reason: string } {
  const directories: Partial<Record<V1Controller, string>> = {};
  let refusal = '';
  for (const controller of V1_CONTROLLERS) {
    for (const place of candidatesOf(legacy.get(controller))) {
      const directory = join(place, name);
      // Two controllers may be mounted at one directory.
      const refused = Object.values(directories).includes(directory)
        ? undefined
        : refusalOf(() => mkdirSync(directory));
      if (refused === undefined) {
        directories[controller] = directory;
        break;
      }
      refusal = refused;
    }
  }
  const missing = V1_CONTROLLERS.filter((controller) => directories[controller] === undefined);
  if (missing.length === V1_CONTROLLERS.length)
    return { reason: `this user may not make cgroups (${refusal}).` };
  const parent = new V1Parent(
    directories,
    missing.map((controller) => LOST[controller]),
  );
  return { parent, directories: [...new Set(Object.values(directories))] };
}

function candidatesOf(hierarchy: Hierarchy | undefined): string[] {
  return hierarchy === undefined ? [] : candidates(hierarchy);
}

function makeV2(unified: Hierarchy, name: string): Made | { readonly reason: string } {
  let refusal = '';
  for (const place of candidates(unified)) {
    const handedOn = handOn(place);
    const directory = join(place, name);
    const refused =
      refusalOf(() => mkdirSync(directory)) ?? refusalOf(() => handOnWithin(directory, handedOn.controllers));
    if (refused === undefined && handedOn.controllers.length > 0) {
      const missing = V2_CONTROLLERS.filter((controller) => !handedOn.controllers.includes(controller));
      const parent = new V2Parent(
        directory,
        handedOn.controllers,
        missing.map((controller) => LOST[controller]),
      );
      return { parent, directories: [directory] };
    }
    refusalOf(() => rmdirSync(directory));
    refusal = refused ?? handedOn.refusal ?? 'no controllers are delegated';
  }
  return { reason: `this server's cgroup cannot be divided (${refusal}).` };
}

/** Lets the groups in a directory use its controllers. Gives those they can use, and why it is not all. */
function handOn(place: string): { controllers: string[]; refusal: string | undefined } {
  const wanted = V2_CONTROLLERS.filter((name) => words(join(place, 'cgroup.controllers')).includes(name));
  let refusal = refusalOf(() => handOnWithin(place, wanted));
  if (refusal?.includes('EBUSY')) {
    // A group that has processes can have no groups with controllers: this one moves aside.
    refusal =
      refusalOf(() => {
        mkdirSync(join(place, SERVER_GROUP), { recursive: true });
        writeFileSync(join(place, SERVER_GROUP, 'cgroup.procs'), String(process.pid));
      }) ?? refusalOf(() => handOnWithin(place, wanted));
  }
  const active = words(join(place, 'cgroup.subtree_control'));
  return { controllers: wanted.filter((name) => active.includes(name)), refusal };
}

function handOnWithin(directory: string, controllers: readonly string[]): void {
  const active = words(join(directory, 'cgroup.subtree_control'));
  const more = controllers.filter((name) => !active.includes(name));
  if (more.length > 0)
    writeFileSync(join(directory, 'cgroup.subtree_control'), more.map((name) => `+${name}`).join(' '));
}

function words(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

/** Why something could not be done; undefined once it is. */
function refusalOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
