/**
 * A user of the host for each environment. Whatever code that gets out of its sandbox finds, there it is nobody: it can
 * neither signal a neighbour nor the server, and read nothing of theirs.
 */
import { chmod, chown, stat } from 'node:fs/promises';
import { PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import { ReachableFiles } from './reachable-files.ts';
import type { UserBlock } from './user-block.ts';
import { BLOCK_SIZE, claimUserBlock, RESERVED_INDEX } from './user-block.ts';
import { asUser } from './user-probe.ts';

/** Bits of a mode: what everybody may. */
const READABLE = 0o004;
const PASSABLE = 0o001;

export interface EnvironmentUser {
  /** Of the host. The group id is the same number. */
  readonly uid: number;
  /** To be called when nothing runs as it any more; more often does no harm. */
  release(): void;
}

export class EnvironmentUsers {
  private readonly block: UserBlock;
  private readonly files: ReachableFiles;
  /** Lent in turn: the one that was given back last is lent again last. */
  private readonly free: number[];
  /** Absolute path. */
  readonly nsenter: string;
  private readonly log: Log;
  private readonly warned = new Set<string>();

  private constructor(block: UserBlock, files: ReachableFiles, nsenter: string, log: Log) {
    this.nsenter = nsenter;
    this.log = log;
    this.block = block;
    this.files = files;
    this.free = Array.from({ length: BLOCK_SIZE }, (_, index) => block.firstUid + index);
    this.free.splice(RESERVED_INDEX, 1);
  }

  /** Rejects with `PlatformError` where the host refuses. */
  static async open(nsenter: string, log: Log): Promise<EnvironmentUsers> {
    const block = await claimUserBlock();
    try {
      return new EnvironmentUsers(block, await ReachableFiles.open(nsenter), nsenter, log);
    } catch (error) {
      await block.release();
      throw error;
    }
  }

  /** Runs no function: what prepares a container's own user needs another one there. */
  get preparingUid(): number {
    return this.block.firstUid + RESERVED_INDEX;
  }

  take(): EnvironmentUser {
    const uid = this.free.shift();
    if (uid === undefined) {
      throw new PlatformError(
        `All ${BLOCK_SIZE - 1} user ids for functions are in use.`,
        'Let fewer environments run at once, or start another server.',
      );
    }
    let isReleased = false;
    return {
      uid,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.free.push(uid);
      },
    };
  }

  /** Arguments of `nsenter` that make a command that user's, with these paths within its reach; none where `reach` is false. */
  async enter(user: EnvironmentUser, paths: readonly string[]): Promise<string[]> {
    return (await this.reach(user, paths)) ? [...this.inReach, ...asUser(user.uid)] : [];
  }

  /** Arguments of `nsenter` by which a command has everything at its place that was asked for with `reach`. */
  get inReach(): readonly string[] {
    return [`--mount=${this.files.namespace}`];
  }

  /**
   * Brings the paths within reach of that user. False where it may not read one of them: then the environment has to
   * run as the server's own user, and it is said.
   */
  async reach({ uid }: EnvironmentUser, paths: readonly string[]): Promise<boolean> {
    const closed = await Promise.all(paths.map((path) => isClosed(path, uid)));
    const refused = paths.filter((_, place) => closed[place]);
    if (refused.length > 0) {
      this.warnOf(refused);
      return false;
    }
    await this.show(paths);
    return true;
  }

  /** Has these paths at their places for whoever has rights of its own there, whichever closed directory they are in. */
  async show(paths: readonly string[]): Promise<void> {
    await Promise.all(paths.map((path) => this.files.reach(path)));
  }

  private warnOf(paths: readonly string[]): void {
    for (const path of paths) {
      if (this.warned.has(path)) continue;
      this.warned.add(path);
      this.log.warn(
        { path },
        `Functions that need ${path} run as the user of this server: no other may read it.`,
      );
    }
  }

  async close(): Promise<void> {
    await this.files.close();
    await this.block.release();
  }
}

/** Whether a path is closed to that user by its own mode, as a umask of 077 leaves what is installed. */
async function isClosed(path: string, uid: number): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined || status.gid === uid) return false;
  const needed = status.isDirectory() ? READABLE | PASSABLE : READABLE;
  return (status.mode & needed) !== needed;
}

/** Opens a directory of this server's to that user alone, for reading. */
export async function openTo({ uid }: EnvironmentUser, directory: string): Promise<void> {
  await chown(directory, process.getuid!(), uid);
  await chmod(directory, 0o750);
}
