import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConcurrencyRamp } from '../../src/polling/concurrency-ramp.ts';
import { provisionedScaling, standardScaling } from '../../src/polling/concurrency-scaling.ts';
import { SettableClock } from '../services/settable-clock.ts';

/** A ramp with so many asking for a place; `begun` counts those who have got one. */
function asked(count: number, maximumConcurrency?: number, scaling = standardScaling(maximumConcurrency)) {
  const clock = new SettableClock(0);
  const ramp = new ConcurrencyRamp(clock, scaling);
  let begun = 0;
  for (let index = 0; index < count; index += 1) {
    void ramp.acquire().then(() => {
      begun += 1;
    });
  }
  const settled = async () => {
    await new Promise(setImmediate);
    return begun;
  };
  return { clock, ramp, begun: settled };
}

test('five batches begin at once, and 300 more in each minute', async () => {
  const { clock, begun } = asked(2000);
  assert.equal(await begun(), 5);
  await clock.advance(60_000);
  assert.equal(await begun(), 305);
  await clock.advance(10 * 60_000);
  assert.equal(await begun(), 1250);
});

test('there are never more than the mapping may have', async () => {
  const { clock, ramp, begun } = asked(10, 2);
  await clock.advance(60_000);
  assert.equal(await begun(), 2);
  ramp.release('succeeded');
  assert.equal(await begun(), 3);
});

test('provisioned pollers run ten batches each from the first moment, and 1,000 more come each minute', async () => {
  const { clock, begun } = asked(3000, undefined, provisionedScaling({ minimum: 3, maximum: 200 }));
  assert.equal(await begun(), 30);
  await clock.advance(60_000);
  assert.equal(await begun(), 1030);
  await clock.advance(10 * 60_000);
  assert.equal(await begun(), 2000);
});

test('failures halve what may be under way, success brings it back', async () => {
  const { ramp, begun } = asked(20);
  await begun();
  for (let index = 0; index < 5; index += 1) ramp.release('failed');
  // Down to one, which is taken by the next in line.
  assert.equal(await begun(), 6);
  ramp.release('succeeded');
  assert.equal(await begun(), 8);
});

test('nobody waits once it is closed', async () => {
  const { ramp, begun } = asked(20, 2);
  ramp.close();
  assert.equal(await begun(), 20);
});
