/** What the environments of one server share on disk: made when first asked for, and again where that failed. */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeInstallation } from '../../ports/environment.ts';
import type { SandboxOptions } from '../sandbox-options.ts';
import { makeReadable } from './readable-tree.ts';
import type { RuntimeMounts } from './runtime-mounts.ts';
import { runtimeMounts } from './runtime-mounts.ts';

interface Made<T> {
  readonly directory: string;
  readonly content: T;
}

export class SharedFiles<T> {
  private readonly options: SandboxOptions;
  private readonly fill: (directory: string) => Promise<T>;
  private made: Promise<Made<T>> | undefined;
  /** By runtime: an installation does not change while the server runs. */
  private readonly mounts = new Map<string, Promise<RuntimeMounts>>();

  /** `fill` makes in an empty directory what all environments share, whatever their runtime. */
  constructor(options: SandboxOptions, fill: (directory: string) => Promise<T>) {
    this.options = options;
    this.fill = fill;
  }

  async content(): Promise<T> {
    return (await this.make()).content;
  }

  mountsOf(installation: RuntimeInstallation): Promise<RuntimeMounts> {
    const key = `${installation.family} ${installation.interpreter ?? ''}`;
    let mounts = this.mounts.get(key);
    if (mounts === undefined) {
      mounts = this.make().then(async ({ directory }) => {
        const made = await runtimeMounts(installation, directory, this.options.runtimesDirectory);
        await makeContentReadable(directory);
        return made;
      });
      this.mounts.set(key, mounts);
      // What failed for want of space, say, is tried again by the next start.
      mounts.catch(() => this.mounts.delete(key));
    }
    return mounts;
  }

  /** Waits for what is being made, and removes everything. */
  async close(): Promise<void> {
    await Promise.allSettled(this.mounts.values());
    const made = await this.made?.catch(() => undefined);
    if (made !== undefined) await rm(made.directory, { recursive: true, force: true });
  }

  private make(): Promise<Made<T>> {
    if (this.made === undefined) {
      this.made = this.makeDirectory();
      this.made.catch(() => {
        this.made = undefined;
      });
    }
    return this.made;
  }

  private async makeDirectory(): Promise<Made<T>> {
    const directory = await mkdtemp(join(this.options.environmentsDirectory, 'shared-'));
    try {
      // Users of environments get to what is mounted of it; whoever may not enter the server's directory does not.
      await chmod(directory, 0o711);
      const content = await this.fill(directory);
      await makeContentReadable(directory);
      return { directory, content };
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }
}

/** The directory itself is not to be listed. */
async function makeContentReadable(directory: string): Promise<void> {
  const names = await readdir(directory);
  await Promise.all(names.map((name) => makeReadable(join(directory, name))));
}
