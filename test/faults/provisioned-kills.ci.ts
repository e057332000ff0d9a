/** Kills processes of provisioned environments at random, between events and during them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DeleteProvisionedConcurrencyConfigCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import {
  provision,
  provisioned,
  publishedFunction,
  serve,
  untilProvisioned,
} from '../lambda/provisioned-functions.ts';
import { SeededRandom } from './seeded-random.ts';

const STEPS = 150;
const PROVISIONED = 3;
/** More than are provisioned, so that some run on demand. */
const AT_ONCE = 4;

test('every invocation is answered, and what was provisioned is there again', async (context) => {
  const platform = await startedPlatform(context, { isolation: 'process' });
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  const random = new SeededRandom();
  context.diagnostic(`SELFSAME_SEED=${random.seed}`);
  await publishedFunction(lambda, 'killed');
  await provision(lambda, 'killed', '1', PROVISIONED);
  await untilProvisioned(lambda, 'killed', '1');
  const pids = new Set<number>();
  let kills = 0;
  let failures = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const running = Array.from({ length: AT_ONCE }, () => serve(lambda, 'killed', '1'));
    if (random.next() < 0.5) await Promise.race(running);
    if (random.next() < 0.5 && pids.size > 0) kills += kill(pids, random.of([...pids]));
    for (const answer of await Promise.all(running)) {
      // An error of the function has no pid: its process was killed while it worked.
      if (answer.pid === undefined) failures += 1;
      else pids.add(answer.pid);
    }
    const { AllocatedProvisionedConcurrentExecutions: allocated } = await provisioned(lambda, 'killed', '1');
    assert.ok(allocated !== undefined && allocated <= PROVISIONED);
  }
  context.diagnostic(`${kills} processes killed, ${failures} of ${STEPS * AT_ONCE} invocations failed by it`);
  assert.ok(kills > 0);
  assert.ok(failures <= kills);
  // Killed idle ones are replaced after a pause, where several ended without an event between.
  await platform.clock.advance(60_000);
  await untilProvisioned(lambda, 'killed', '1');
  const { type } = await serve(lambda, 'killed', '1');
  assert.equal(type, 'provisioned-concurrency');

  await lambda.send(
    new DeleteProvisionedConcurrencyConfigCommand({ FunctionName: 'killed', Qualifier: '1' }),
  );
  await platform.close();
  for (const pid of pids) assert.equal(isAlive(pid), false, `process ${pid} is left`);
});

function kill(pids: Set<number>, victim: number): number {
  pids.delete(victim);
  if (!isAlive(victim)) return 0;
  process.kill(victim, 'SIGKILL');
  return 1;
}

/** A child of this process still: its number may be another one's by now. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${process.pid}\n`);
  } catch {
    return false;
  }
}
