import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ChildServer {
  /** Resolves when it has said that it listens; rejects, with what it has said, where it ends before. */
  start(): Promise<void>;
  /** Killed, with all that it has started. */
  stop(): Promise<void>;
}

/** A server in a process group of its own, which says `ready` when it listens. */
export function childServer(
  program: string,
  args: readonly string[],
  env: SpawnOptions['env'],
  ready: RegExp,
): ChildServer {
  let child: ChildProcess | undefined;
  return {
    async start() {
      child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      await printed(child, program, ready);
    },
    async stop() {
      if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      process.kill(-child.pid, 'SIGKILL');
      await ended;
    },
  };
}

/** How much of what a server has said is kept to be told. Characters. */
const KEPT_OUTPUT = 4_000;

async function printed(child: ChildProcess, program: string, ready: RegExp): Promise<void> {
  let output = '';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const hear = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    if (ready.test(output)) resolve();
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`${program} has ended: ${output}`)));
  await promise;
}
