/**
 * What environments are made of, within reach of their users. The server's directories are closed to everybody else, and
 * stay so: in a mount namespace of its own, in which sandboxes are put together, an empty directory covers each closed
 * one, and what is needed of it shows there under its own name.
 */
import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { open, realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { PlatformError } from '../../core/errors.ts';
import { ShellDialogue } from '../shell-dialogue.ts';

/** Others may pass through a directory. */
const PASSABLE = 0o001;

const FAILING = 'The files of functions cannot be shown to their users';

const SHOWN = 'shown';

/**
 * The working directory stays what is covered; the shell ends with its standard input, and so with the server. What has
 * been removed and made anew under its name is another one, and is shown in the place of the first. The answer is
 * `shown`, or what the commands said, in one line.
 */
const COVER = `
cd "$1" && mount -t tmpfs -o mode=711,size=1m,nosuid,nodev selfsame "$1" || exit 1
set -f
remove() {
  rmdir "$1" 2>/dev/null || rm -f "$1"
}
show() {
  umount --lazy "$2" 2>/dev/null && remove "$2"
  if [ -d "$1" ]; then mkdir "$2"; else : >"$2"; fi && mount --no-canonicalize --rbind "$1" "$2" && return
  remove "$2"
  return 1
}
echo covered
while IFS= read -r name; do
  place="$1/$name"
  [ "./$name" -ef "$place" ] || problem=$(show "./$name" "$place" 2>&1) && echo ${SHOWN} || echo $problem
done`;

export class ReachableFiles {
  private readonly nsenter: string;
  private readonly mounts: FileHandle;
  /** By closed directory. */
  private readonly covers = new Map<string, Cover>();
  /** Directories that can be passed through now. */
  private readonly passable = new Map<string, Promise<void>>();

  private constructor(nsenter: string, mounts: FileHandle) {
    this.nsenter = nsenter;
    this.mounts = mounts;
  }

  /** Rejects with `PlatformError` where the host refuses. */
  static async open(nsenter: string): Promise<ReachableFiles> {
    // What the host mounts later is seen, and nothing that is mounted here is seen outside.
    const args = ['--mount', '--propagation', 'slave', 'sh', '-c', 'echo ready; read -r _'];
    const maker = new ShellDialogue(spawn('unshare', args, { stdio: ['pipe', 'pipe', 'pipe'] }), FAILING);
    await maker.line();
    try {
      return new ReachableFiles(nsenter, await open(`/proc/${maker.pid}/ns/mnt`));
    } finally {
      await maker.end();
    }
  }

  /** Path of the mount namespace, for this server's children. */
  get namespace(): string {
    return `/proc/${process.pid}/fd/${this.mounts.fd}`;
  }

  /** From here on everybody gets to what is at this path now in the namespace, whose own mode rules then. */
  async reach(path: string): Promise<void> {
    const directory = dirname(path);
    if (directory === path) return;
    await this.pass(directory);
    await this.covers.get(directory)?.show(basename(path));
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.passable.values());
    await Promise.all([...this.covers.values()].map((cover) => cover.close()));
    await this.mounts.close();
  }

  private pass(directory: string): Promise<void> {
    let passed = this.passable.get(directory);
    if (passed === undefined) {
      passed = this.makePassable(directory);
      this.passable.set(directory, passed);
      passed.catch(() => this.passable.delete(directory));
    }
    return passed;
  }

  private async makePassable(directory: string): Promise<void> {
    const real = await realpath(directory);
    if (real !== directory) await this.pass(real);
    await this.reach(directory);
    if (real !== directory || ((await stat(directory)).mode & PASSABLE) !== 0) return;
    this.covers.set(directory, await Cover.of(directory, [this.nsenter, `--mount=${this.namespace}`, '--']));
  }
}

/** An empty directory in the place of a closed one, which shows what it is asked to. */
class Cover {
  private readonly shell: ShellDialogue;

  private constructor(shell: ShellDialogue) {
    this.shell = shell;
  }

  static async of(directory: string, [command, ...args]: readonly [string, ...string[]]): Promise<Cover> {
    const script = ['sh', '-c', COVER, 'sh', directory];
    const shell = new ShellDialogue(
      // It lives as long as the server, whose Ctrl+C is not its own, and needs nothing of what the server was told.
      spawn(command, [...args, ...script], {
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'] },
      }),
      FAILING,
    );
    await shell.line();
    return new Cover(shell);
  }

  /** Asked each time: only the shell sees whether what it has shown under that name is still the one that is there. */
  async show(name: string): Promise<void> {
    const answer = await this.shell.ask(name);
    if (answer !== SHOWN) throw new PlatformError(`${FAILING}: ${answer}`, 'Run `selfsame doctor`.');
  }

  close(): Promise<void> {
    return this.shell.end();
  }
}
