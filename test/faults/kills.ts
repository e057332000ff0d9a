/** Work that a server is killed under, again and again. */
import assert from 'node:assert/strict';
import type { SeededRandom } from '../../src/core/seeded-random.ts';
import type { KilledServer } from './killed-server.ts';

export interface Kills {
  readonly count: number;
  /** The server lives that long at most from its first answer on before it is killed, milliseconds. */
  readonly longestLifeMs: number;
}

/** Kills and starts the server while `steps` are repeated, all at once, each until its connection ends. */
export async function killUnder(
  server: KilledServer,
  random: SeededRandom,
  { count, longestLifeMs }: Kills,
  steps: readonly (() => Promise<unknown>)[],
): Promise<void> {
  for (let kill = 0; kill < count; kill += 1) {
    const answered = Promise.withResolvers<void>();
    const ending = Promise.all(steps.map((step) => untilCutOff(step, answered.resolve)));
    // Looked at once the server is there again, since stopping a dead one would wait for ever.
    ending.catch(() => undefined);
    // However slow the machine is: a server that has not answered anything yet has nothing to lose.
    await Promise.race([answered.promise, ending]);
    await new Promise((resolve) => setTimeout(resolve, random.next() * longestLifeMs));
    await server.kill();
    await server.start();
    await ending;
  }
}

const FIRST_FAILURE_STATUS = 400;

/** Rejects with what the server has answered, and with what is found out about it. */
async function untilCutOff(step: () => Promise<unknown>, answered: () => void): Promise<void> {
  for (;;) {
    try {
      await step();
      answered();
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
      // One that is killed within an answer has sent the status of a good one, and not all that belongs to it.
      if (($metadata?.httpStatusCode ?? 0) >= FIRST_FAILURE_STATUS) throw error;
      return;
    }
  }
}
