import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_SERVICE_TIME_MS, ServiceClock } from '../../src/platform/service-clock.ts';

const noSave = async (): Promise<void> => undefined;

function newClock(
  saveOffset?: (offsetMs: number) => Promise<void>,
  frozen = false,
): {
  clock: ServiceClock;
  saved: number[];
  errors: unknown[];
} {
  const saved: number[] = [];
  const errors: unknown[] = [];
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen,
    saveOffset: saveOffset ?? (async (offsetMs) => void saved.push(offsetMs)),
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

  test('saves where it goes before it runs anything there', async () => {
    const { clock, saved } = newClock();
    let savedByThen: number[] = [];
    clock.at(clock.now() + 1_000, () => {
      savedByThen = [...saved];
    });
    await clock.advance(HOUR_MS);
    assert.deepEqual(savedByThen, [HOUR_MS]);
    assert.ok(clock.offsetMs <= HOUR_MS && clock.offsetMs > HOUR_MS - 10_000, `${clock.offsetMs}`);
    clock.close();
  });

  test('stays where it is when it cannot be saved, and moves again when it can', async () => {
    let full = true;
    const { clock } = newClock(async () => {
      if (full) throw new Error('no space left');
    });
    let ran = 0;
    clock.at(clock.now() + 1_000, () => {
      ran += 1;
    });
    await assert.rejects(clock.advance(HOUR_MS), /no space left/);
    assert.equal(clock.offsetMs, 0);
    assert.equal(ran, 0);
    full = false;
    await clock.advance(HOUR_MS);
    assert.equal(ran, 1);
    clock.close();
  });

  test('waits for work that time began before it, and for what that schedules within the span', async () => {
    const { clock } = newClock(noSave);
    const seen: string[] = [];
    let finish = (): void => undefined;
    const started = new Promise<void>((resolve) => {
      clock.at(clock.now(), async () => {
        resolve();
        await new Promise<void>((finished) => {
          finish = finished;
        });
        seen.push('first attempt');
        clock.at(clock.now() + 60_000, () => void seen.push('second attempt'));
      });
    });
    await started;
    const advanced = clock.advance(HOUR_MS);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen, []);
    finish();
    await advanced;
    assert.deepEqual(seen, ['first attempt', 'second attempt']);
    clock.close();
  });

  test('counts every advance of several at once', async () => {
    const { clock, saved } = newClock();
    const order: number[] = [];
    clock.at(clock.now() + 1.5 * HOUR_MS, () => void order.push(2));
    clock.at(clock.now() + 0.5 * HOUR_MS, () => void order.push(1));
    await Promise.all([clock.advance(HOUR_MS), clock.advance(HOUR_MS)]);
    assert.deepEqual(order, [1, 2]);
    assert.equal(saved.length, 2);
    assert.ok(Math.abs(clock.offsetMs - 2 * HOUR_MS) < 10_000, `${clock.offsetMs}`);
    clock.close();
  });

  test('counts whole milliseconds, and never beyond the year 9999', async () => {
    const { clock } = newClock(noSave);
    await clock.advance(0.4);
    await clock.advance(1_000.6);
    assert.ok(Number.isInteger(clock.offsetMs) && Number.isInteger(clock.now()));
    assert.throws(() => clock.advance(MAX_SERVICE_TIME_MS), { name: 'AssertionError' });
    assert.throws(() => clock.advance(-1), { name: 'AssertionError' });
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

  test('waits for work that no task began, and for what that schedules within the span', async () => {
    const { clock } = newClock();
    const seen: string[] = [];
    let finish = (): void => undefined;
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    }).then(() => {
      seen.push('work');
      clock.at(clock.now() + 60_000, () => void seen.push('what it scheduled'));
      throw new Error('and failed');
    });
    clock.during(work);
    const advanced = clock.advance(HOUR_MS);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen, []);
    finish();
    await advanced;
    assert.deepEqual(seen, ['work', 'what it scheduled']);
    clock.close();
  });

  test('takes durations as people write them', async () => {
    const { clock } = newClock();
    const start = clock.now();
    await clock.advance('6h');
    assert.ok(clock.now() - start >= 6 * HOUR_MS && clock.now() - start < 7 * HOUR_MS);
    assert.throws(() => clock.advance('six hours'), /is not a duration/);
    clock.close();
  });

  test('stands still where it is frozen, but for advances', async () => {
    const { clock } = newClock(undefined, true);
    const start = clock.now();
    const seen: string[] = [];
    clock.at(start + 1, () => void seen.push('later'));
    const due = new Promise<void>((resolve) => void clock.at(start, resolve));
    await due;
    const realMs = Date.now();
    while (Date.now() < realMs + 5) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(clock.now(), start);
    assert.deepEqual(seen, []);
    await clock.advance(10);
    assert.equal(clock.now(), start + 10);
    assert.deepEqual(seen, ['later']);
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
