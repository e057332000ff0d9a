import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamPoller } from '../../src/polling/stream-poller.ts';
import { SeededRandom } from '../faults/seeded-random.ts';
import { FAILURE, type Handle, polledStream } from './polled-stream.ts';
import { KeyedWriter, OrderChecker } from './stream-checker.ts';

const ROUNDS = 60;

for (let run = 0; run < 8; run += 1) {
  const random = new SeededRandom();
  const seed = random.seed + run;
  test(`keys keep their order and nothing is lost under failures, resharding and restarts (seed ${seed})`, async (context) => {
    await survives(context, new SeededRandom(seed));
  });
}

async function survives(context: Parameters<typeof polledStream>[0], random: SeededRandom): Promise<void> {
  const checker = new OrderChecker();
  let isCalm = false;
  let generation = 0;
  const handlerOf =
    (own: number): Handle =>
    async ({ records }) => {
      // What a killed server does nobody hears of.
      const isKilled = () => own !== generation;
      if (isKilled()) return FAILURE;
      checker.begin(records);
      for (let turns = Math.floor(random.next() * 6); turns > 0; turns -= 1) await new Promise(setImmediate);
      if (isKilled()) return FAILURE;
      const fate = isCalm ? 1 : random.next();
      const failedFrom = fate < 0.4 ? Math.floor(random.next() * records.length) : undefined;
      checker.end(records, fate < 0.2 ? 0 : (failedFrom ?? records.length));
      if (fate < 0.2) throw new Error('the function could not be had');
      return { ...(failedFrom === undefined ? {} : { failedFrom }), run: 'run' };
    };
  const polled = polledStream(context, handlerOf(0), 2);
  const { stream, clock, settled } = polled;
  const writer = new KeyedWriter(stream, random, 12);
  let state = polled.state;
  const settings = () => ({
    batchSize: random.of([1, 3, 10]),
    parallelizationFactor: random.of([1, 2, 5, 10]),
    bisectsOnError: random.next() < 0.5,
    windowSeconds: random.of([0, 0, 1]),
  });
  let poller: StreamPoller<string> = polled.poller(settings(), state, handlerOf(generation));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let count = Math.floor(random.next() * 20); count > 0; count -= 1) writer.put();
    if (random.next() < 0.1) writer.reshard();
    const restart = random.next();
    if (restart < 0.05) {
      await poller.stop();
      poller = polled.poller(settings(), state, handlerOf(generation));
    } else if (restart < 0.15) {
      generation += 1;
      checker.killed();
      state = state.copy();
      poller.abandon();
      poller = polled.poller(settings(), state, handlerOf(generation));
    }
    await settled();
    await clock.advance(random.of([0, 500, 1_500]));
  }
  isCalm = true;
  for (let hour = 0; !checker.isComplete(writer); hour += 1) {
    assert.ok(hour < 1_000, checker.missing(writer));
    await settled();
    await clock.advance(60_000);
  }
  assert.deepEqual(checker.violations, []);
}
