/** Streams of Kinesis beside bare SQLite. */
import type { Figures } from './measures.ts';
import { median } from './measures.ts';
import { bareRecords, recordPuts, startSelfsame } from './processes.ts';

const ROUNDS = 5;
const ROUND_MS = 2_000;
const CONNECTIONS = 16;
const RECORD_BYTES = 1_000;
/** Each takes a thousand records of a kilobyte a second: more than this machine puts. */
const SHARDS = 200;

export async function recordThroughput(): Promise<Figures> {
  const server = await startSelfsame();
  const plan = {
    port: server.port,
    stream: 's',
    bytes: RECORD_BYTES,
    connections: CONNECTIONS,
    shards: SHARDS,
  };
  try {
    await recordPuts({ ...plan, durationMs: 0 });
    await recordPuts({ ...plan, durationMs: ROUND_MS });
    const rates = { ours: [] as number[], bare: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.bare.push(await bareRecords(RECORD_BYTES, ROUND_MS));
      rates.ours.push(await recordPuts({ ...plan, durationMs: ROUND_MS }));
    }
    return {
      kinesis_put_ratio: median(rates.ours.map((rate, index) => rate / rates.bare[index]!)),
      kinesis_put_batches_per_second: median(rates.ours),
      bare_put_batches_per_second: median(rates.bare),
    };
  } finally {
    await server.stop();
  }
}
