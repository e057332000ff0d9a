/** What it takes to start environments and to keep them: cold starts, bursts, memory, thawing. */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createNodeEcho, createPythonEcho, invokeOnce } from './functions.ts';
import type { Figures } from './measures.ts';
import { median } from './measures.ts';
import { awaited } from './patience.ts';
import type { Measured } from './processes.ts';
import { startSelfsame } from './processes.ts';

const run = promisify(execFile);

const COLD_STARTS = 20;
const BURST = 50;
/** Idle environments at once; each is asked again at the end. */
const MANY = 300;
const MANY_PARALLEL = 8;
const THAWS = 10;
/** An environment that has had no work for so long is frozen for certain, milliseconds. */
const IDLE_MS = 1_000;

/** Without environments started ahead, beside an empty sandbox. */
export async function coldStart(): Promise<Figures> {
  return withServer(0, async (server) => {
    for (let index = 0; index < COLD_STARTS; index += 1) await createNodeEcho(server.port, `cold-${index}`);
    await createNodeEcho(server.port, 'first');
    await invokeOnce(server.port, 'first');
    await emptySandbox();
    const ours: number[] = [];
    const reference: number[] = [];
    for (let index = 0; index < COLD_STARTS; index += 1) {
      reference.push(await emptySandbox());
      ours.push(await invokeOnce(server.port, `cold-${index}`));
    }
    return {
      cold_start_ratio: median(ours) / median(reference),
      cold_start_p50_ms: median(ours),
      empty_sandbox_p50_ms: median(reference),
    };
  });
}

export async function pooledStart(): Promise<Figures> {
  return {
    cold_start_node_pooled_ms: await pooled(createNodeEcho),
    cold_start_python_pooled_ms: await pooled(createPythonEcho),
  };
}

/** Functions nobody has invoked before, one after the other, each when an environment waits. */
function pooled(create: (port: number, name: string) => Promise<void>): Promise<number> {
  return withServer(2, async (server) => {
    for (let index = 0; index < COLD_STARTS; index += 1) await create(server.port, `cold-${index}`);
    const ours: number[] = [];
    for (let index = 0; index < COLD_STARTS; index += 1) {
      await untilPooled(server.port);
      ours.push(await invokeOnce(server.port, `cold-${index}`));
    }
    return median(ours);
  });
}

/** Fifty functions at once, beside fifty empty sandboxes at once. */
export async function burst(): Promise<Figures> {
  return withServer(0, async (server) => {
    const names = Array.from({ length: BURST }, (_, index) => `burst-${index}`);
    for (const name of names) await createNodeEcho(server.port, name);
    await createNodeEcho(server.port, 'first');
    await invokeOnce(server.port, 'first');
    const reference = await duration(() => Promise.all(names.map(() => emptySandbox())));
    const ours = await duration(() => Promise.all(names.map((name) => invokeOnce(server.port, name))));
    return { burst_cold_ratio: ours / reference, burst_cold_ms: ours };
  });
}

/** How many idle environments a server holds that all still answer, and what each takes beyond its interpreter. */
export async function density(): Promise<Figures> {
  return withServer(0, async (server) => {
    const names = Array.from({ length: MANY }, (_, index) => `many-${index}`);
    await inTurns(names, (name) => createNodeEcho(server.port, name));
    await inTurns(names, (name) => invokeOnce(server.port, name));
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const environments = await proportionalMb('/var/runtime/bootstrap.cjs');
    await inTurns(names, (name) => invokeOnce(server.port, name));
    const bare = await bareInterpreters(names.length);
    return {
      environments_max: names.length,
      environment_mb: environments / names.length,
      environment_overhead_mb: environments / names.length - bare,
    };
  });
}

/** An invocation of a frozen environment beside one of a warm environment. */
export async function thaw(): Promise<Figures> {
  return withServer(0, async (server) => {
    await createNodeEcho(server.port, 'echo');
    await invokeOnce(server.port, 'echo');
    const frozen: number[] = [];
    const warm: number[] = [];
    for (let index = 0; index < THAWS; index += 1) {
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      frozen.push(await invokeOnce(server.port, 'echo'));
      warm.push(await invokeOnce(server.port, 'echo'));
    }
    return { thaw_ms: median(frozen) - median(warm) };
  });
}

async function withServer<T>(pooledEnvironments: number, use: (server: Measured) => Promise<T>): Promise<T> {
  const server = await startSelfsame(['--pooled-environments', String(pooledEnvironments)]);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

async function untilPooled(port: number): Promise<void> {
  await awaited('an environment in the pool', async () => {
    const health = await fetch(`http://127.0.0.1:${port}/_selfsame/health`);
    const { pooledEnvironments } = (await health.json()) as { pooledEnvironments: number };
    return pooledEnvironments > 0 || undefined;
  });
}

/** `node -e 0` in a sandbox of bubblewrap and nothing else: the least a cold start can cost. Milliseconds. */
function emptySandbox(): Promise<number> {
  const args = ['--unshare-user', '--unshare-pid', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'];
  return duration(() => run('bwrap', [...args, process.execPath, '-e', '0']));
}

async function duration(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function inTurns(names: readonly string[], work: (name: string) => Promise<unknown>): Promise<void> {
  const waiting = [...names];
  const worker = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: MANY_PARALLEL }, worker));
}

/** Memory of the processes with that text in their command line, shared pages counted by share. */
async function proportionalMb(text: string): Promise<number> {
  let kib = 0;
  for (const pid of await readdir('/proc')) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (!command.includes(text)) continue;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => '');
    kib += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
  }
  return kib / 1024;
}

/** Of a Node.js that has loaded nothing, as many at once. MB each. */
async function bareInterpreters(count: number): Promise<number> {
  const mark = 'selfsame-bare-interpreter';
  const script = `process.stdout.write('.'); process.stdin.resume() /* ${mark} */`;
  const children: ChildProcess[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
      children.push(child);
      await once(child.stdout!, 'data');
    }
    return (await proportionalMb(mark)) / count;
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}
