/** Memory of the host, or of the cgroups that the server and its environments are in, whichever is shorter. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostMemory, MemoryReading } from '../../ports/host-memory.ts';
import type { Hierarchies, Hierarchy } from './hierarchies.ts';

/** Files of one version of cgroups, and what `memory.stat` calls pages of files that are given back first. */
interface Files {
  readonly limit: string;
  readonly usage: string;
  readonly inactiveFile: string;
}

/** Source: the kernel's cgroup-v1/memory.rst and cgroup-v2.rst. */
const VERSION_1: Files = {
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  inactiveFile: 'total_inactive_file',
};
const VERSION_2: Files = { limit: 'memory.max', usage: 'memory.current', inactiveFile: 'inactive_file' };

const KIB = 1024;

/** Asks for the groups once: a server does not change its own. `meminfo` is a file as proc(5) has it. */
export function hostMemory({ legacy, unified }: Hierarchies, meminfo = '/proc/meminfo'): HostMemory {
  const groups: (() => MemoryReading | undefined)[] = [
    ...limitedGroups(legacy.get('memory'), VERSION_1),
    ...limitedGroups(unified, VERSION_2),
  ];
  return {
    read: () => {
      const readings = [readHost(meminfo), ...groups.map((read) => read())].filter(
        (reading) => reading !== undefined,
      );
      if (readings.length === 0) return undefined;
      return readings.reduce((least, reading) =>
        reading.available / reading.total < least.available / least.total ? reading : least,
      );
    },
  };
}

/** The group and those it is in, up to the top, as far as they have a limit. */
function limitedGroups(hierarchy: Hierarchy | undefined, files: Files): (() => MemoryReading | undefined)[] {
  if (hierarchy === undefined) return [];
  const readers: (() => MemoryReading | undefined)[] = [];
  for (let group = hierarchy.own; group.startsWith(hierarchy.mount); group = dirname(group)) {
    if (existsSync(join(group, files.limit))) readers.push(() => readGroup(group, files));
    if (group === hierarchy.mount) break;
  }
  return readers;
}

function readGroup(group: string, files: Files): MemoryReading | undefined {
  const total = Number(text(join(group, files.limit)));
  const usage = Number(text(join(group, files.usage)));
  // `max` is no number, and version 1 says no limit with one that no machine has.
  if (!(total > 0) || total > Number.MAX_SAFE_INTEGER / 2 || Number.isNaN(usage)) return undefined;
  const inactive = numberAfter(text(join(group, 'memory.stat')), files.inactiveFile) ?? 0;
  return { total, available: Math.max(0, total - usage + inactive) };
}

function readHost(meminfo: string): MemoryReading | undefined {
  const content = text(meminfo);
  const total = numberAfter(content, 'MemTotal:');
  const available = numberAfter(content, 'MemAvailable:');
  if (total === undefined || available === undefined) return undefined;
  return { total: total * KIB, available: available * KIB };
}

/** The number after a word at the beginning of a line. */
function numberAfter(content: string, word: string): number | undefined {
  const line = content.split('\n').find((candidate) => candidate.startsWith(`${word} `));
  const value = Number(line?.slice(word.length).trim().split(/\s+/)[0]);
  return Number.isNaN(value) ? undefined : value;
}

function text(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return '';
  }
}
