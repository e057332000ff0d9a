/** Directories of a cgroup file system: their files, processes and end. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlatformError } from '../../core/errors.ts';

/** Between two looks at whether the kernel has let killed processes go, milliseconds. */
const LOOK_INTERVAL_MS = 2;
/** A killed process that is not gone after this long hangs in the kernel, milliseconds. */
const GONE_WITHIN_MS = 10_000;

/**
 * The sum of the named figures in a file of `name value` lines. 0 where they are not, or the group is gone:
 * an operator may have removed it, which must not end the server.
 */
export function figure(file: string, ...names: readonly string[]): number {
  let sum = 0;
  for (const line of textOf(file).split('\n')) {
    const space = line.indexOf(' ');
    if (names.includes(line.slice(0, space))) sum += Number(line.slice(space + 1));
  }
  return sum;
}

/** A file of one figure; 0 as above. */
export function onlyFigure(file: string): number {
  return Number(textOf(file));
}

/** False where the kernel refuses. */
export function isWritten(file: string, value: string): boolean {
  try {
    writeFileSync(file, value);
    return true;
  } catch {
    return false;
  }
}

/** Sets what the kernel has; an older one lacks some files. */
export function setWhereThere(file: string, value: string): void {
  if (existsSync(file)) writeFileSync(file, value);
}

/** Makes the directories and sets what is in them. Where the kernel refuses one thing it throws, and none of them is left. */
export function makeDirectories(directories: readonly string[], set: () => void): void {
  const made: string[] = [];
  try {
    for (const directory of directories) {
      mkdirSync(directory);
      made.push(directory);
    }
    set();
  } catch (error) {
    for (const directory of made) isRemoved(directory);
    throw error;
  }
}

/** Kills every process in the directory and gives their numbers; one that forks meanwhile is met by the next call. */
export function killIn(directory: string): number[] {
  const processes = processesIn(directory);
  for (const number of processes) {
    try {
      process.kill(number, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
  return processes;
}

/** Kills what is in the directories and below, and removes them. Resolves with how many processes it met. */
export async function removeDirectories(
  tops: readonly string[],
  thaw: (directory: string) => void,
): Promise<number> {
  const met = new Set<number>();
  const until = performance.now() + GONE_WITHIN_MS;
  let left = tops.flatMap(below);
  for (;;) {
    left = left.filter((directory) => !isRemoved(directory));
    if (left.length === 0) return met.size;
    // All first: what stands still by one directory is met in any of the others too, and does not end.
    for (const directory of left) thaw(directory);
    for (const directory of left) for (const number of killIn(directory)) met.add(number);
    if (performance.now() > until) {
      throw new PlatformError(
        `The cgroup ${left[0]} cannot be removed: its processes do not end.`,
        'Look at them with `ps`; they may wait for a disk or a network file system.',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

function isRemoved(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function processesIn(directory: string): number[] {
  // 0 stands for a process that is outside of this one's view.
  const numbers = textOf(join(directory, 'cgroup.procs')).split('\n').map(Number);
  return numbers.filter((number) => number > 0);
}

/** The directory after all that are in it, deepest first. */
function below(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const inside = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...inside.flatMap(({ name }) => below(join(directory, name))), directory];
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
