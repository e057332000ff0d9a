/** What a function gets, and what its sandbox differs in, where it is to become a snapshot. */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { invariant } from '../../core/errors.ts';
import type { RuntimeInstallation } from '../../ports/environment.ts';
import type { GuardedUnshare } from '../namespaces/seccomp-filter.ts';
import { seccompFilter } from '../namespaces/seccomp-filter.ts';
import { BOOTSTRAPS_DIRECTORY } from '../runtime-files.ts';

/** Above those that the start of any environment uses. */
const LISTENING_DESCRIPTOR = 9;

/** CLONE_NEWNS, _NEWIPC and _NEWPID of linux/sched.h: what a copy leaves behind of the snapshot. */
const OWN_NAMESPACES = 0x00020000 | 0x08000000 | 0x20000000;
const CLONE_NEWNET = 0x40000000;

interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

export class SnapshotPlace {
  /** Absolute path of the function's own interpreter on the host. */
  readonly interpreter: string;
  /** A socket on the host alone: who connects there asks for a copy. */
  readonly socketPath: string;
  /** The sandbox's system-call filter: that of every environment but for the call below. */
  readonly filterFile: string;
  /** The call by which a copy leaves the snapshot's namespaces. */
  readonly guarded: GuardedUnshare;
  /** For bubblewrap: what that call takes, in the sandbox's own user namespace. */
  readonly capabilities: readonly string[] = ['--cap-add', 'CAP_SYS_ADMIN'];
  readonly variables: Readonly<Record<string, string>> = {
    SELFSAME_SNAPSHOT_FD: String(LISTENING_DESCRIPTOR),
  };

  private constructor(directory: string, interpreter: string, guarded: GuardedUnshare) {
    const path = join(directory, `snapshot-${randomBytes(8).toString('hex')}`);
    this.interpreter = interpreter;
    this.socketPath = `${path}.socket`;
    this.filterFile = `${path}.seccomp`;
    this.guarded = guarded;
  }

  /** Below `directory`, which belongs to the server alone. */
  static async make(
    directory: string,
    { interpreter }: RuntimeInstallation,
    hasNetwork: boolean,
  ): Promise<SnapshotPlace> {
    const guarded = {
      flags: hasNetwork ? OWN_NAMESPACES | CLONE_NEWNET : OWN_NAMESPACES,
      secret: randomBytes(8).readBigUInt64LE(),
    };
    const filter = seccompFilter(process.arch, guarded);
    invariant(
      interpreter !== undefined && filter !== undefined,
      'a snapshot that cannot be had was asked for',
    );
    const place = new SnapshotPlace(directory, interpreter, guarded);
    await writeFile(place.filterFile, filter);
    return place;
  }

  /** Arguments of the interpreter for one of our programs: without anything that is installed or set on the host. */
  program(name: 'listen.py' | 'restore.py'): string[] {
    return ['-I', '-S', join(BOOTSTRAPS_DIRECTORY, 'snapshot', name), this.socketPath];
  }

  /** A command with the socket at which copies are asked for. */
  listening({ command, args }: Command): Command {
    const own = [...this.program('listen.py'), String(LISTENING_DESCRIPTOR)];
    return { command: this.interpreter, args: [...own, command, ...args] };
  }

  async remove(): Promise<void> {
    await Promise.all([this.socketPath, this.filterFile].map((file) => rm(file, { force: true })));
  }
}

/** The command as it is where no snapshot is to be taken. */
export function listeningAt(place: SnapshotPlace | undefined, command: Command): Command {
  return place === undefined ? command : place.listening(command);
}
