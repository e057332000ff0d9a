/**
 * Whether a long queue is slower than a short one: the rate at which events are dispatched while a million wait, over
 * that of queues of a hundred, and the memory of the server meanwhile. The events are put on disk beforehand, those
 * of the short queues due one queue after the other.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteEventQueue } from '../../src/storage/event-queue/event-queue.ts';
import { createNodeEcho, reserveConcurrency } from './functions.ts';
import type { Figures } from './measures.ts';
import type { Measured } from './processes.ts';
import { startSelfsameOn } from './processes.ts';

const LONG_QUEUE = 1_000_000;
const SHORT_QUEUE = 100;
const SHORT_QUEUES = 200;
/** So that both have the same environments, which are there from the start. */
const CONCURRENCY = 16;
const SETTLE_MS = 2_000;
const WARM_UP_MS = 5_000;
const MEASURED_MS = 15_000;
/** Between two short queues, seconds of service time: all of them together before an idle environment is stopped. */
const APART_SECONDS = 1;
const PAYLOAD = Buffer.from(JSON.stringify({ padding: 'x'.repeat(1_000) }));

const NO_LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const FUNCTION = 'echo';
const OWNER = { accountId: '000000000000', region: 'us-east-1', functionName: FUNCTION };

export async function asyncBacklog(): Promise<Figures> {
  const short = await withEvents(
    SHORT_QUEUE * (SHORT_QUEUES + 1),
    (index) => Math.floor(index / SHORT_QUEUE) + 1,
    shortQueues,
  );
  const long = await withEvents(LONG_QUEUE, () => 0, longQueue);
  return {
    async_backlog_ratio: long.measured.rate / short.measured,
    async_backlog_mb: long.measured.mostMb - long.idleMb,
    dispatched_of_a_million_per_second: long.measured.rate,
    dispatched_of_a_hundred_per_second: short.measured,
  };
}

/** A server that finds so many events when it starts; `queueOf` says in which queue each is, 0 for one that is due. */
async function withEvents<T>(
  count: number,
  queueOf: (index: number) => number,
  measure: (server: Measured) => Promise<T>,
): Promise<{ readonly measured: T; readonly idleMb: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-bench-'));
  try {
    const idleMb = await withServer(directory, async (server) => {
      await createNodeEcho(server.port, FUNCTION);
      await reserveConcurrency(server.port, FUNCTION, CONCURRENCY);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      return server.residentMb();
    });
    await fill(directory, count, queueOf);
    return { measured: await withServer(directory, measure), idleMb };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function withServer<T>(directory: string, measure: (server: Measured) => Promise<T>): Promise<T> {
  const server = await startSelfsameOn(directory, ['--log-level', 'error']);
  try {
    return await measure(server);
  } finally {
    await server.stop();
  }
}

/** Puts events on disk, as accepting them does. */
async function fill(directory: string, count: number, queueOf: (index: number) => number): Promise<void> {
  const queue = await openSqliteEventQueue({ file: join(directory, 'events.db'), log: NO_LOG });
  const nowMs = Date.now();
  const TOGETHER = 5_000;
  for (let start = 0; start < count; start += TOGETHER) {
    const batch = Array.from({ length: Math.min(TOGETHER, count - start) }, (_, index) => {
      const dueMs = nowMs + queueOf(start + index) * APART_SECONDS * 1_000;
      const requestId = `00000000-0000-4000-8000-${String(start + index).padStart(12, '0')}`;
      const traceId = `Root=1-00000000-${String(start + index).padStart(24, '0')}`;
      const attributes = JSON.stringify({ ...OWNER, requestId, traceId, acceptedMs: dueMs });
      const name = `${OWNER.accountId}/${OWNER.region}/${FUNCTION}/$LATEST`;
      return queue.append({ queue: name, dueMs, attributes, payload: PAYLOAD });
    });
    await Promise.all(batch);
  }
  await queue.close();
}

/** One short queue after the other falls due, each when the one before is done; the first warms up. */
async function shortQueues({ port }: Measured): Promise<number> {
  await advance(port, APART_SECONDS);
  const before = await dispatched(port);
  const startedAt = performance.now();
  for (let queue = 0; queue < SHORT_QUEUES; queue += 1) await advance(port, APART_SECONDS);
  const seconds = (performance.now() - startedAt) / 1_000;
  return ((await dispatched(port)) - before) / seconds;
}

async function longQueue(server: Measured): Promise<{ readonly rate: number; readonly mostMb: number }> {
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const before = await dispatched(server.port);
  const startedAt = performance.now();
  let mostMb = 0;
  while (performance.now() - startedAt < MEASURED_MS) {
    mostMb = Math.max(mostMb, await server.residentMb());
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return { rate: ((await dispatched(server.port)) - before) / seconds, mostMb };
}

async function advance(port: number, advanceSeconds: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/_selfsame/clock`, {
    method: 'POST',
    body: JSON.stringify({ advanceSeconds }),
  });
  if (!response.ok) throw new Error(`the clock answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

/** Attempts since the server started. */
async function dispatched(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/_selfsame/metrics`);
  const { metrics } = (await response.json()) as {
    readonly metrics: readonly {
      readonly name: string;
      readonly sampleCount: number;
    }[];
  };
  return metrics.find(({ name }) => name === 'AsyncEventAge')?.sampleCount ?? 0;
}
