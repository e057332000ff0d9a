/** A started process with its transport, output and end: what all isolation levels share. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { PlatformError } from '../../core/errors.ts';
import type {
  EnvironmentExit,
  EnvironmentListener,
  RunningEnvironment,
  RuntimeEvent,
} from '../../ports/environment.ts';
import { FramedRuntime } from '../channel/framed-runtime.ts';
import { readLines } from './output-lines.ts';
import { ProcessTreeMemory } from './process-memory.ts';
import type { RuntimeTransport } from './runtime-transport.ts';

/** After a process has ended, its pipes may be held open by others it left behind; milliseconds. */
const PIPE_GRACE_MS = 200;

export interface ProcessPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly workingDirectory: string | undefined;
  /** Our bootstraps get a socket at descriptor 3; others use `transport`, made before the process. */
  readonly transport: RuntimeTransport | undefined;
  /** The exit as the runtime's own, where a wrapper changes it. */
  readonly exitOf: (exit: EnvironmentExit) => EnvironmentExit;
  /** Called when everything has ended, before the listener hears of it. */
  readonly cleanUp: () => Promise<void>;
}

export class EnvironmentProcess implements RunningEnvironment {
  private readonly child: ChildProcess;
  private readonly transport: RuntimeTransport;
  private readonly ended: Promise<void>;
  private readonly memory: ProcessTreeMemory;

  private constructor(child: ChildProcess, plan: ProcessPlan, listener: EnvironmentListener) {
    this.child = child;
    this.memory = new ProcessTreeMemory(child.pid!);
    for (const stream of [child.stdout, child.stderr])
      readLines(stream as Readable, (text) => listener.output({ text }));
    this.transport =
      plan.transport ??
      new FramedRuntime(child.stdio[3] as Duplex, listener, (reason) => {
        listener.output({ text: `The runtime broke its channel: ${reason}` });
        void this.kill();
      });
    this.ended = this.watch(plan, listener);
  }

  /** Rejects with `PlatformError` when the process cannot be started. */
  static start(plan: ProcessPlan, listener: EnvironmentListener): Promise<EnvironmentProcess> {
    return new Promise((resolve, reject) => {
      const child = spawn(plan.command, plan.args, {
        cwd: plan.workingDirectory,
        env: plan.variables,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', plan.transport === undefined ? 'pipe' : 'ignore'],
      });
      child.once('error', (error) => {
        plan.transport?.close();
        const failure = new PlatformError(
          `${plan.command} could not be started: ${error.message}`,
          'Run `selfsame doctor`.',
        );
        void plan.cleanUp().finally(() => reject(failure));
      });
      if (child.pid !== undefined) resolve(new EnvironmentProcess(child, plan, listener));
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  invoke(event: RuntimeEvent): void {
    this.transport.invoke(event);
  }

  maxMemoryBytes(): Promise<number> {
    return this.memory.peakBytes(performance.now());
  }

  async kill(): Promise<void> {
    this.killGroup();
    await this.ended;
  }

  private killGroup(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }

  private async watch(plan: ProcessPlan, listener: EnvironmentListener): Promise<void> {
    const closed = new Promise<void>((resolve) => this.child.once('close', () => resolve()));
    const exit = await new Promise<EnvironmentExit>((resolve) => {
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    // What it started and left behind must not outlive it.
    this.killGroup();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      closed,
      new Promise<void>((resolve) => (timer = setTimeout(resolve, PIPE_GRACE_MS))),
    ]);
    clearTimeout(timer);
    // One turn of the loop brings in what the kernel knows of the runtime's connections.
    await new Promise((resolve) => setImmediate(resolve));
    for (const stream of this.child.stdio) stream?.destroy();
    this.transport.close();
    await plan.cleanUp();
    // Asked last: until the listener hears of the end, an event may still be given.
    const undelivered = this.transport.undelivered ? { undelivered: true as const } : {};
    listener.exit({ ...plan.exitOf(exit), ...undelivered });
  }
}
