/** What is measured. Every measure takes the reference and the server in turns and compares medians. */
import { createGoEcho, createNodeEcho, invocationPath, SIGNED_HEADERS } from './functions.ts';
import type { LoadResult } from './load.ts';
import type { Measured } from './processes.ts';
import { load, startBareEcho, startSelfsame } from './processes.ts';

export type Figures = Readonly<Record<string, number>>;

const ROUNDS = 5;
const ROUND_MS = 2_000;
const WARM_UP_MS = 3_000;
const CONNECTIONS = 16;
const BOOTS = 7;

/** About as large as an API event's interesting part. */
const EVENT = JSON.stringify({ message: 'hello', items: Array.from({ length: 10 }, (_, id) => ({ id })) });

/** Memory is read when the server has been idle for so long, milliseconds. */
const SETTLE_MS = 2_000;

export async function warmThroughput(): Promise<Figures> {
  const { ours, reference } = await sideBySide((port) => createNodeEcho(port, 'echo'), CONNECTIONS);
  return {
    warm_throughput_ratio: median(ratios(ours, reference, 'perSecond')),
    warm_throughput_per_second: median(ours.map(({ perSecond }) => perSecond)),
    bare_throughput_per_second: median(reference.map(({ perSecond }) => perSecond)),
  };
}

export async function warmLatency(): Promise<Figures> {
  const { ours, reference } = await sideBySide((port) => createNodeEcho(port, 'echo'), 1);
  return {
    warm_latency_ratio: median(ratios(ours, reference, 'p50Ms')),
    warm_latency_p50_ms: median(ours.map(({ p50Ms }) => p50Ms)),
    warm_latency_p99_ms: median(ours.map(({ p99Ms }) => p99Ms)),
    bare_latency_p50_ms: median(reference.map(({ p50Ms }) => p50Ms)),
  };
}

export async function httpRuntime(): Promise<Figures> {
  const { ours, reference } = await sideBySide((port) => createGoEcho(port, 'echo'), CONNECTIONS);
  return {
    http_runtime_ratio: median(ratios(ours, reference, 'perSecond')),
    http_runtime_per_second: median(ours.map(({ perSecond }) => perSecond)),
  };
}

export async function boot(): Promise<Figures> {
  const readyMs: number[] = [];
  const residentMb: number[] = [];
  for (let index = 0; index < BOOTS; index += 1) {
    const server = await startSelfsame();
    readyMs.push(server.readyMs);
    if (index === 0) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      residentMb.push(await server.residentMb());
    }
    await server.stop();
  }
  return { boot_ms: median(readyMs), idle_rss_mb: median(residentMb) };
}

async function sideBySide(
  prepare: (port: number) => Promise<void>,
  connections: number,
): Promise<{ readonly ours: LoadResult[]; readonly reference: LoadResult[] }> {
  const bare = await startBareEcho();
  const server = await startSelfsame();
  const round = ({ port }: Measured, durationMs: number): Promise<LoadResult> =>
    load({
      port,
      path: invocationPath('echo'),
      headers: SIGNED_HEADERS,
      body: EVENT,
      connections,
      durationMs,
    });
  try {
    await prepare(server.port);
    await round(bare, WARM_UP_MS);
    await round(server, WARM_UP_MS);
    const ours: LoadResult[] = [];
    const reference: LoadResult[] = [];
    for (let index = 0; index < ROUNDS; index += 1) {
      reference.push(await round(bare, ROUND_MS));
      ours.push(await round(server, ROUND_MS));
    }
    return { ours, reference };
  } finally {
    await Promise.all([bare.stop(), server.stop()]);
  }
}

function ratios(
  ours: readonly LoadResult[],
  reference: readonly LoadResult[],
  figure: keyof LoadResult,
): number[] {
  return ours.map((result, index) => result[figure] / reference[index]![figure]);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
