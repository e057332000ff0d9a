/** A started process with its transport, output and end: what all isolation levels share. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Readable, Writable } from 'node:stream';
import { invariant, PlatformError } from '../../core/errors.ts';
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  RuntimeEvent,
  ShutdownReason,
} from '../../ports/environment.ts';
import type { EnvironmentLimits } from '../cgroup/environment-limits.ts';
import { FramedRuntime } from '../channel/framed-runtime.ts';
import type { EnvironmentExtensions } from '../extensions/environment-extensions.ts';
import { CONTROL_DESCRIPTOR, OUTPUT_DESCRIPTOR } from '../extensions/supervisor.ts';
import type { CompiledOffer } from './compiled-code.ts';
import { readLines } from './output-lines.ts';
import { ProcessTreeMemory } from './process-memory.ts';
import { terminateRuntime } from './runtime-termination.ts';
import type { RuntimeTransport } from './runtime-transport.ts';

/** Where our bootstraps have their socket. */
const CHANNEL_DESCRIPTOR = 3;

/** After a process has ended, its pipes may be held open by others it left behind; milliseconds. */
const PIPE_GRACE_MS = 200;

export interface ProcessPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Of the command itself, where what is inside gets its own otherwise. */
  readonly commandVariables?: Readonly<Record<string, string>>;
  readonly workingDirectory: string | undefined;
  /** Our bootstraps get a socket at descriptor 3; others use `transport`, made before the process. */
  readonly transport: RuntimeTransport | undefined;
  readonly extensions: EnvironmentExtensions;
  /** For one of our own bootstraps whose variables say that it waits for it. */
  readonly compiled?: CompiledOffer | undefined;
  /** Open files the command gets from `firstInherited` on; the caller closes its own. */
  readonly inherited?: readonly number[];
  /** The command reads it, to its end, at the descriptor after those. A function is asked once the limits are made. */
  readonly input?: Buffer | (() => Buffer);
  /** The exit as the runtime's own, where a wrapper changes it. */
  readonly exitOf: (exit: EnvironmentExit) => EnvironmentExit;
  readonly limits: EnvironmentLimits;
  /** The first process inside, the runtime's parent, where it is out of reach of a signal to the command's group. */
  readonly firstInside?: () => number | undefined;
  /** Called when everything has ended, before the listener hears of it; not when the start has failed. */
  readonly cleanUp: () => Promise<void>;
}

/** The number of the first descriptor that the command of an environment inherits: pipes for runtime and extensions come before. */
export function firstInherited({ external }: Pick<EnvironmentExtensions, 'external'>): number {
  return external.length > 0 ? CONTROL_DESCRIPTOR + 1 : CHANNEL_DESCRIPTOR + 1;
}

export class EnvironmentProcess implements RunningEnvironment {
  private readonly child: ChildProcess;
  private readonly transport: RuntimeTransport;
  private readonly ended: Promise<void>;
  private readonly memory: ProcessTreeMemory;
  private readonly limits: EnvironmentLimits;
  private readonly extensions: EnvironmentExtensions;
  readonly variables: ProcessPlan['variables'];
  private readonly firstInside: ProcessPlan['firstInside'];

  private constructor(child: ChildProcess, plan: ProcessPlan, listener: EnvironmentListener) {
    this.child = child;
    this.memory = new ProcessTreeMemory(child.pid!);
    this.limits = plan.limits;
    this.limits.began(child.pid!, () => void this.kill());
    for (const stream of [child.stdout, child.stderr])
      readLines(stream as Readable, (text) => listener.output({ text }));
    this.transport =
      plan.transport ??
      new FramedRuntime(child.stdio[CHANNEL_DESCRIPTOR] as Duplex, listener, (reason) => {
        listener.output({ text: `The runtime broke its channel: ${reason}` });
        void this.kill();
      });
    this.firstInside = plan.firstInside;
    this.ended = this.watch(plan, listener);
    this.giveCompiled(plan.compiled);
    this.extensions = plan.extensions;
    this.variables = plan.variables;
    const stdio: readonly unknown[] = child.stdio;
    this.extensions.attach({
      kill: () => this.kill(),
      keepLoop: () => {
        if (this.transport instanceof FramedRuntime) this.transport.keepLoop();
      },
      terminateRuntime: () => terminateRuntime(this.pid, this.firstInside?.()),
      // What is inherited has no stream here, and null says so.
      extensionOutput: (stdio[OUTPUT_DESCRIPTOR] ?? undefined) as Readable | undefined,
      control: (stdio[CONTROL_DESCRIPTOR] ?? undefined) as Duplex | undefined,
    });
  }

  /** Rejects with `PlatformError` when the process cannot be started; what the caller made for it is the caller's then. */
  static async start(plan: ProcessPlan, listener: EnvironmentListener): Promise<EnvironmentProcess> {
    try {
      const child = spawned(plan);
      await begun(child);
      return new EnvironmentProcess(child, plan, listener);
    } catch (error) {
      await plan.limits.remove();
      if (error instanceof PlatformError) throw error;
      throw new PlatformError(
        `${plan.command} could not be started: ${(error as Error).message}`,
        'Run `selfsame doctor`.',
      );
    }
  }

  /** Its `AWS_LAMBDA_RUNTIME_API`. */
  get runtimeApi(): string {
    return this.variables['AWS_LAMBDA_RUNTIME_API']!;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Tells one of our own bootstraps that was started ahead whose it is. */
  assign(
    variables: Readonly<Record<string, string>>,
    owner: EnvironmentSpec,
    compiled?: CompiledOffer,
  ): void {
    this.extensions.belongTo(owner);
    this.limits.atWork();
    invariant(this.transport instanceof FramedRuntime, 'a runtime that is not ours was started ahead');
    this.transport.assign(variables);
    this.giveCompiled(compiled);
  }

  private giveCompiled(compiled: CompiledOffer | undefined): void {
    if (compiled === undefined) return;
    invariant(
      this.transport instanceof FramedRuntime,
      'a runtime that is not ours cannot keep compiled code',
    );
    this.transport.giveCompiled(compiled.code, compiled.keep);
    void this.ended.then(() => compiled.end());
  }

  invoke(event: RuntimeEvent): void {
    this.limits.atWork();
    this.transport.invoke(event);
    this.extensions.invoke(event);
  }

  get telemetry(): EnvironmentExtensions['telemetry'] {
    return this.extensions.telemetry;
  }

  extensionsAtWork(): Promise<void> | undefined {
    return this.extensions.atWork();
  }

  initDone(): void {
    this.limits.initDone();
  }

  freeze(): void {
    this.limits.freeze();
  }

  /** It waits and allocates nothing. */
  rest(): void {
    this.limits.rest();
  }

  async shutdown(reason: ShutdownReason): Promise<void> {
    this.limits.atWork();
    await this.extensions.shutdown(reason);
    await this.kill();
  }

  maxMemoryBytes(): Promise<number> {
    const counted = this.limits.peakMemory();
    return counted === undefined ? this.memory.peakBytes(performance.now()) : Promise.resolve(counted);
  }

  async kill(): Promise<void> {
    this.killGroup();
    await this.ended;
  }

  private killGroup(): void {
    this.limits.kill();
    const inside = this.firstInside?.();
    for (const number of inside === undefined ? [-this.pid] : [-this.pid, inside]) {
      try {
        process.kill(number, 'SIGKILL');
      } catch {
        // It has ended already.
      }
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
    const ownExit = plan.exitOf(exit);
    const wasOutOfMemory = ownExit.signal === 'SIGKILL' && this.limits.wasOutOfMemory;
    const outOfMemory = wasOutOfMemory ? { outOfMemory: true as const } : {};
    await this.limits.remove();
    await plan.cleanUp();
    // Asked last: until the listener hears of the end, an event may still be given.
    const undelivered = this.transport.undelivered ? { undelivered: true as const } : {};
    listener.exit({ ...ownExit, ...undelivered, ...outOfMemory });
  }
}

function spawned(plan: ProcessPlan): ChildProcess {
  const { command, args } = plan.limits.enter(plan.command, plan.args);
  const child = spawn(command, args, {
    cwd: plan.workingDirectory,
    env: plan.commandVariables ?? plan.variables,
    detached: true,
    stdio: [
      ...(['ignore', 'pipe', 'pipe'] as const),
      plan.transport === undefined ? 'pipe' : 'ignore',
      ...(plan.extensions.external.length > 0 ? (['pipe', 'pipe'] as const) : []),
      ...(plan.inherited ?? []),
      ...(plan.input === undefined ? [] : (['pipe'] as const)),
    ],
  });
  if (plan.input !== undefined) {
    const input = child.stdio.at(-1) as Writable;
    // A command that ends before it has read all is reported by its exit.
    input.on('error', () => {});
    input.end(typeof plan.input === 'function' ? plan.input() : plan.input);
  }
  return child;
}

/** Resolves at once for a process that has its number already. */
async function begun(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined) return;
  const [error] = (await once(child, 'error')) as [Error];
  throw error;
}
