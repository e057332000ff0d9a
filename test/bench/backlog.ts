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
import { median } from './measures.ts';
import type { Measured, MeasuredServer } from './processes.ts';
import { startSelfsameOn } from './processes.ts';

const LONG_QUEUE = 1_000_000;
const SHORT_QUEUE = 100;
/** In a round. */
const SHORT_QUEUES = 40;
const ROUNDS = 5;
const ROUND_MS = 3_000;
/** So that both have the same environments, which are there from the start. */
const CONCURRENCY = 16;
const SETTLE_MS = 2_000;
/** After a pause. */
const WARM_UP_MS = 1_000;
/** Between two short queues, seconds of service time: all of them together before an idle environment is stopped. */
const APART_SECONDS = 1;
const PAYLOAD = Buffer.from(JSON.stringify({ padding: 'x'.repeat(1_000) }));

const NO_LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const FUNCTION = 'echo';
const OWNER = { accountId: '000000000000', region: 'us-east-1', functionName: FUNCTION };

export async function asyncBacklog(): Promise<Figures> {
  const long = await preparedServer(LONG_QUEUE, () => 0);
  long.server.hold();
  // More than the rounds take: some fall due by themselves meanwhile.
  const short = await preparedServer(
    2 * SHORT_QUEUE * ROUNDS * SHORT_QUEUES,
    (index) => Math.floor(index / SHORT_QUEUE) + 1,
  );
  try {
    await shortQueues(short.server, 1);
    const rates = { short: [] as number[], long: [] as number[] };
    let mostMb = 0;
    for (let index = 0; index < ROUNDS; index += 1) {
      rates.short.push(await shortQueues(short.server, SHORT_QUEUES));
      const { rate, residentMb } = await longQueue(long.server);
      rates.long.push(rate);
      mostMb = Math.max(mostMb, residentMb);
    }
    return {
      async_backlog_ratio: median(rates.long.map((rate, index) => rate / rates.short[index]!)),
      async_backlog_mb: mostMb - long.idleMb,
      dispatched_of_a_million_per_second: median(rates.long),
      dispatched_of_a_hundred_per_second: median(rates.short),
    };
  } finally {
    await Promise.all([short.stop(), long.stop()]);
  }
}

/** A server that finds so many events when it starts; `queueOf` says in which queue each is, 0 for one that is due. */
async function preparedServer(count: number, queueOf: (index: number) => number) {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-bench-'));
  const flags = ['--log-level', 'error'];
  const first = await startSelfsameOn(directory, flags);
  await createNodeEcho(first.port, FUNCTION);
  await reserveConcurrency(first.port, FUNCTION, CONCURRENCY);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const idleMb = await first.residentMb();
  await first.stop();
  await fill(directory, count, queueOf);
  const server = await startSelfsameOn(directory, flags);
  const stop = async (): Promise<void> => {
    server.release();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { server, idleMb, stop };
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

/** Each short queue falls due when the one before is done. */
async function shortQueues({ port }: Measured, queues: number): Promise<number> {
  return ratePerSecond(port, async () => {
    for (let queue = 0; queue < queues; queue += 1) await advance(port, APART_SECONDS);
  });
}

async function longQueue(
  server: MeasuredServer,
): Promise<{ readonly rate: number; readonly residentMb: number }> {
  server.release();
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const rate = await ratePerSecond(
    server.port,
    () => new Promise<void>((resolve) => setTimeout(resolve, ROUND_MS)),
  );
  const residentMb = await server.residentMb();
  server.hold();
  return { rate, residentMb };
}

/** Events dispatched a second while `work` goes on. */
async function ratePerSecond(port: number, work: () => Promise<void>): Promise<number> {
  const before = await dispatched(port);
  const startedAt = performance.now();
  await work();
  return (((await dispatched(port)) - before) * 1_000) / (performance.now() - startedAt);
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
