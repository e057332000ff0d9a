import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ServiceClock } from '../../src/platform/service-clock.ts';

function newClock(): { clock: ServiceClock; saved: number[]; errors: unknown[] } {
  const saved: number[] = [];
  const errors: unknown[] = [];
  const clock = new ServiceClock({
    offsetMs: 0,
    saveOffset: async (offsetMs) => void saved.push(offsetMs),
    onTaskError: (error) => errors.push(error),
  });
  return { clock, saved, errors };
}

const HOUR_MS = 3_600_000;

describe('the service clock', () => {
  test('advances from due time to due time, in order, waiting for each task', async () => {
    const { clock } = newClock();
    const start = clock.now();
    const seen: [string, number][] = [];
    const hours = (): number => Math.round((clock.now() - start) / HOUR_MS);
    clock.at(start + 3 * HOUR_MS, () => void seen.push(['third', hours()]));
    clock.at(start + HOUR_MS, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(['first', hours()]);
      // Scheduled by a task, within the span: still part of this advance.
      clock.at(start + 2 * HOUR_MS, () => void seen.push(['second', hours()]));
    });
    await clock.advance(4 * HOUR_MS);
    assert.deepEqual(seen, [
      ['first', 1],
      ['second', 2],
      ['third', 3],
    ]);
    assert.ok(clock.now() - start >= 4 * HOUR_MS);
    clock.close();
  });

  test('leaves what is due later, and what was cancelled, alone', async () => {
    const { clock } = newClock();
    let ran = 0;
    clock.at(clock.now() + 2 * HOUR_MS, () => {
      ran += 1;
    });
    clock
      .at(clock.now() + HOUR_MS / 2, () => {
        ran += 1;
      })
      .cancel();
    await clock.advance(HOUR_MS);
    assert.equal(ran, 0);
    clock.close();
  });

  test('saves the offset before an advance is answered', async () => {
    const { clock, saved } = newClock();
    await clock.advance(HOUR_MS);
    assert.equal(saved.length, 1);
    assert.ok(Math.abs(saved[0]! - HOUR_MS) < 1_000);
    clock.close();
  });

  test('goes on after a task that throws, and reports it', async () => {
    const { clock, errors } = newClock();
    let ran = false;
    clock.at(clock.now() + 1, () => {
      throw new Error('broken');
    });
    clock.at(clock.now() + 2, () => {
      ran = true;
    });
    await clock.advance(10);
    assert.equal((errors[0] as Error).message, 'broken');
    assert.ok(ran);
    clock.close();
  });

  test('does not move monotonic time', async () => {
    const { clock } = newClock();
    const before = clock.monotonic();
    await clock.advance(24 * HOUR_MS);
    assert.ok(clock.monotonic() - before < HOUR_MS);
    clock.close();
  });
});
