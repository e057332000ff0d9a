/** Starts what is measured: the server, the reference and the load, each a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../kit/free-port.ts';
import type { ItemPlan } from './item-load.ts';
import type { LoadPlan, LoadResult } from './load.ts';
import type { ObjectPlan } from './object-load.ts';
import type { QueuePlan } from './queue-cycles.ts';
import type { RecordPlan } from './record-puts.ts';

const run = promisify(execFile);

/** The server is given up when it has not answered by then, milliseconds. */
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 2;

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export interface Measured {
  readonly port: number;
  /** From the start of the process to the first answer, milliseconds. */
  readonly readyMs: number;
  residentMb(): Promise<number>;
  /** Processor time used so far. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

export interface MeasuredServer extends Measured {
  /** Nothing of it runs until it is released. */
  hold(): void;
  release(): void;
}

/** The server as a user starts it, with an empty data directory. */
export async function startSelfsame(moreFlags: readonly string[] = []): Promise<Measured> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'selfsame-bench-'));
  const server = await startSelfsameOn(dataDirectory, moreFlags);
  return {
    ...server,
    stop: async () => {
      await server.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** The server on a data directory that stays. */
export async function startSelfsameOn(
  dataDirectory: string,
  moreFlags: readonly string[] = [],
): Promise<MeasuredServer> {
  const port = await freePort();
  const startedAt = performance.now();
  const flags = [
    '--port',
    String(port),
    '--data-dir',
    dataDirectory,
    '--isolation',
    'namespaces',
    '--nearest-runtime',
    ...moreFlags,
  ];
  const child = spawn(process.execPath, [here('../../bin/selfsame'), 'start', ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await untilHealthy(port, child);
  const readyMs = performance.now() - startedAt;
  return {
    port,
    readyMs,
    residentMb: () => residentMb(child.pid!),
    cpuMs: () => cpuMs(child.pid!),
    stop: () => stop(child),
    hold: () => void child.kill('SIGSTOP'),
    release: () => void child.kill('SIGCONT'),
  };
}

/** The bare echo. */
export function startBareEcho(): Promise<Measured> {
  return startBare('bare-echo.ts');
}

/** The bare server of files. */
export function startBareFiles(): Promise<Measured> {
  return startBare('bare-files.ts');
}

/** Dynalite as it comes: in memory. */
export async function startDynalite(): Promise<Measured> {
  const port = await freePort();
  const command = createRequire(import.meta.url).resolve('dynalite/cli.js');
  const flags = ['--port', String(port), '--host', '127.0.0.1', '--createTableMs', '0'];
  return startPrinting([command, ...flags], () => port);
}

/** A module that prints its port. */
async function startBare(module: string): Promise<Measured> {
  return startPrinting([here(module)], Number);
}

/** A program that prints a line when it is ready. */
async function startPrinting(
  command: readonly string[],
  portOf: (line: string) => number,
): Promise<Measured> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    port: portOf(line),
    readyMs: performance.now() - startedAt,
    residentMb: () => residentMb(child.pid!),
    cpuMs: () => cpuMs(child.pid!),
    stop: () => stop(child),
  };
}

export async function load(plan: LoadPlan): Promise<LoadResult> {
  const { stdout } = await run(process.execPath, [here('load.ts'), JSON.stringify(plan)]);
  return JSON.parse(stdout) as LoadResult;
}

/** Objects put or got a second. */
export async function objectLoad(plan: ObjectPlan): Promise<number> {
  const { stdout } = await run(process.execPath, [here('object-load.ts'), JSON.stringify(plan)]);
  return Number(stdout);
}

/** Requests to tables a second. */
export async function itemLoad(plan: ItemPlan): Promise<number> {
  const { stdout } = await run(process.execPath, [here('item-load.ts'), JSON.stringify(plan)]);
  return Number(stdout);
}

/** Durable entries a second that so many writers append to a bare log. */
export async function bareAppendLog(writers: number, bytes: number, durationMs: number): Promise<number> {
  const numbers = [writers, bytes, durationMs].map(String);
  const { stdout } = await run(process.execPath, [here('bare-append-log.ts'), ...numbers]);
  return Number(stdout);
}

/** Whole cycles of ten messages a second through bare SQLite transactions. */
export async function bareMessages(bytes: number, durationMs: number): Promise<number> {
  const { stdout } = await run(process.execPath, [
    here('bare-messages.ts'),
    String(bytes),
    String(durationMs),
  ]);
  return Number(stdout);
}

/** Batches of ten records that bare SQLite takes a second. */
export async function bareRecords(bytes: number, durationMs: number): Promise<number> {
  const { stdout } = await run(process.execPath, [
    here('bare-records.ts'),
    String(bytes),
    String(durationMs),
  ]);
  return Number(stdout);
}

/** Batches of ten records a second into a stream. */
export async function recordPuts(plan: RecordPlan): Promise<number> {
  const { stdout } = await run(process.execPath, [here('record-puts.ts'), JSON.stringify(plan)]);
  return Number(stdout);
}

/** Whole cycles of ten messages a second through a queue. */
export async function queueCycles(plan: QueuePlan): Promise<number> {
  const { stdout } = await run(process.execPath, [here('queue-cycles.ts'), JSON.stringify(plan)]);
  return Number(stdout);
}

/** Of a process in user and system mode, by clock ticks of 10 ms. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** VmRSS of one process, MB. */
async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

async function untilHealthy(port: number, child: ChildProcess): Promise<void> {
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/_selfsame/health`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
    if (child.exitCode !== null)
      throw new Error(`the server ended with ${child.exitCode} before it answered`);
    if (performance.now() > giveUpAt) throw new Error('the server did not answer in time');
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
