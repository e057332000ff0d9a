/** Asynchronous invocation: how fast events are accepted durably, and whether a long queue slows their dispatch. */
import { createNodeEcho, invocationPath, reserveConcurrency, SIGNED_HEADERS } from './functions.ts';
import type { LoadResult } from './load.ts';
import type { Figures } from './measures.ts';
import { median } from './measures.ts';
import { bareAppendLog, load, startSelfsame } from './processes.ts';

const ROUNDS = 5;
const ROUND_MS = 2_000;
const WARM_UP_MS = 3_000;
const CONNECTIONS = 64;
/** As in the measure of warm throughput: more of them meet the account's 10,000 requests a second. */
const WARM_CONNECTIONS = 16;
const PAYLOAD_BYTES = 1_024;

const EVENT = JSON.stringify({ padding: 'x'.repeat(PAYLOAD_BYTES - '{"padding":""}'.length) });

export async function asyncAccept(): Promise<Figures> {
  const server = await startSelfsame();
  const { port } = server;
  const round = (
    name: string,
    type: string,
    status: number,
    connections: number,
    durationMs: number,
  ): Promise<LoadResult> =>
    load({
      port,
      path: invocationPath(name),
      headers: { ...SIGNED_HEADERS, 'X-Amz-Invocation-Type': type },
      body: EVENT,
      connections,
      durationMs,
      status,
    });
  const warm = (durationMs = ROUND_MS) => round('echo', 'RequestResponse', 200, WARM_CONNECTIONS, durationMs);
  const accept = (durationMs = ROUND_MS) => round('parked', 'Event', 202, CONNECTIONS, durationMs);
  try {
    await createNodeEcho(port, 'echo');
    await createNodeEcho(port, 'parked');
    await reserveConcurrency(port, 'parked', 0);
    await warm(WARM_UP_MS);
    await accept(WARM_UP_MS);
    const rates = { warm: [] as number[], accepted: [] as number[], appended: [] as number[] };
    for (let index = 0; index < ROUNDS; index += 1) {
      rates.appended.push(await bareAppendLog(CONNECTIONS, PAYLOAD_BYTES, ROUND_MS));
      rates.warm.push((await warm()).perSecond);
      rates.accepted.push((await accept()).perSecond);
    }
    const over = (reference: readonly number[]) =>
      median(rates.accepted.map((rate, index) => rate / reference[index]!));
    return {
      async_accept_ratio: over(rates.warm),
      async_accept_vs_disk: over(rates.appended),
      async_accept_per_second: median(rates.accepted),
      warm_per_second: median(rates.warm),
      bare_append_log_per_second: median(rates.appended),
    };
  } finally {
    await server.stop();
  }
}
