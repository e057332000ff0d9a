/** Tables of DynamoDB beside dynalite. */
import type { Figures } from './measures.ts';
import { median } from './measures.ts';
import { itemLoad, startDynalite, startSelfsame } from './processes.ts';

const ROUNDS = 5;
const ROUND_MS = 2_000;
/** As many as a client of the SDK opens at once. */
const CONNECTIONS = 50;

export async function tableThroughput(): Promise<Figures> {
  const servers = await Promise.all([startSelfsame(), startDynalite()]);
  const [{ port: ours }, { port: reference }] = servers;
  const load = (port: number, operation: 'CreateTable' | 'Fill' | 'PutItem' | 'Query') =>
    itemLoad({ port, operation, connections: CONNECTIONS, durationMs: ROUND_MS });
  try {
    for (const { port } of servers) {
      await load(port, 'CreateTable');
      await load(port, 'Fill');
    }
    const figures: Record<string, number> = {};
    for (const [operation, name] of [
      ['PutItem', 'put'],
      ['Query', 'query'],
    ] as const) {
      const rates = { ours: [] as number[], reference: [] as number[] };
      for (let round = 0; round <= ROUNDS; round += 1) {
        const pair = { ours: await load(ours, operation), reference: await load(reference, operation) };
        // The first round warms both up.
        if (round === 0) continue;
        rates.ours.push(pair.ours);
        rates.reference.push(pair.reference);
      }
      figures[`dynamodb_${name}_ratio`] = median(
        rates.ours.map((rate, index) => rate / rates.reference[index]!),
      );
      figures[`dynamodb_${name}_per_second`] = median(rates.ours);
      figures[`dynalite_${name}_per_second`] = median(rates.reference);
    }
    return figures;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
