/** Tells of changes in a project: not of those in its dependencies, which are too many to watch. */
import { watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const NOT_WATCHED = new Set(['node_modules', '.git', '.venv', '__pycache__']);

/** Editors write a file in several steps; so long after the last one it is read. Milliseconds. */
const QUIET_MS = 25;

/** Collects changes; each call of `next` resolves once there are some, with the names that changed. */
export class FolderWatch {
  private readonly signal: AbortSignal;
  private readonly watched = new Set<string>();
  private changed = new Set<string>();
  private wake: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener('abort', () => {
      clearTimeout(this.timer);
      this.wake?.();
    });
  }

  /** Resolves when everything below is watched. Adding what is watched already changes nothing. */
  async add(directory: string): Promise<void> {
    if (this.watched.has(directory) || this.signal.aborted) return;
    this.watched.add(directory);
    // One by one, not recursively as a whole: node_modules is left out.
    const watcher = watch(directory, { signal: this.signal }, (_event, name) => {
      if (name !== null) void this.onChange(directory, name);
    });
    // A folder that is removed meanwhile ends its watcher; there is nothing more to see in it.
    watcher.on('error', () => watcher.close());
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory() && !NOT_WATCHED.has(entry.name)) await this.add(join(directory, entry.name));
    }
  }

  /** Undefined once the signal has ended the watch. */
  async next(): Promise<readonly string[] | undefined> {
    while (!this.signal.aborted) {
      if (this.changed.size > 0 && this.timer === undefined) {
        const names = [...this.changed];
        this.changed = new Set();
        return names;
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return undefined;
  }

  private async onChange(directory: string, name: string): Promise<void> {
    if (NOT_WATCHED.has(name)) return;
    this.changed.add(name);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.wake?.();
    }, QUIET_MS);
    const path = join(directory, name);
    const isFolder = await stat(path).then(
      (status) => status.isDirectory(),
      () => false,
    );
    if (isFolder) await this.add(path).catch(() => undefined);
    else this.watched.delete(path);
  }
}
