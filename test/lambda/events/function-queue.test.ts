import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { SeededRandom } from '../../../src/core/seeded-random.ts';
import { MAX_IN_FLIGHT, MAX_READY_EVENTS } from '../../../src/lambda/events/event-limits.ts';
import type { Verdict } from '../../../src/lambda/events/function-queue.ts';
import { FunctionQueue } from '../../../src/lambda/events/function-queue.ts';
import { ServiceClock } from '../../../src/platform/service-clock.ts';
import type { EventQueue, QueuedEvent } from '../../../src/ports/event-queue.ts';
import { openSqliteEventQueue } from '../../../src/storage/event-queue/event-queue.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

interface Opened {
  readonly clock: ServiceClock;
  readonly queue: FunctionQueue;
  readonly stored: EventQueue;
  readonly log: RecordedLog;
  /** Appends an event and hands it over, as an invocation does. */
  send(): Promise<void>;
}

/** A queue on disk whose events are run by `run`. */
async function opened(
  context: TestContext,
  run: (event: QueuedEvent) => Promise<Verdict>,
  wrap: (stored: EventQueue) => EventQueue = (stored) => stored,
  frozen = true,
): Promise<Opened> {
  const log = new RecordedLog();
  const file = join(await scratchDirectory(context), 'events.db');
  const sqlite = await openSqliteEventQueue({ file, log });
  const stored = wrap(sqlite);
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen,
    saveOffset: async () => {},
    onTaskError: (error) => assert.fail(error as Error),
  });
  const queue = new FunctionQueue('q', { clock, queue: stored, log, run });
  context.after(async () => {
    queue.close();
    clock.close();
    await sqlite.close();
  });
  const send = async (): Promise<void> => {
    const dueMs = queue.nextDueMs(0);
    const event = { dueMs, attributes: '{}', payload: Buffer.from('{}') };
    const id = await stored.append({ queue: 'q', ...event });
    queue.accept({ ...event, id, note: '' });
  };
  return { clock, queue, stored, log, send };
}

const DONE: Verdict = { end: 'done', taken: 'yes' };

const refused = (dueMs: number): Verdict => ({ end: 'postponed', dueMs, note: '', taken: 'refused' });

describe('the queue of a function', () => {
  test('runs each event until it is done with, whatever comes meanwhile', async (context) => {
    const seed = Number(process.env['SELFSAME_SEED'] ?? Date.now() % 2 ** 31);
    context.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    const runs = new Map<number, number>();
    const wanted = new Map<number, number>();
    const setup = await opened(
      context,
      async ({ id }) => {
        const count = (runs.get(id) ?? 0) + 1;
        runs.set(id, count);
        if (!wanted.has(id)) wanted.set(id, 1 + Math.floor(random.next() * 4));
        for (let turns = random.next() * 4; turns > 1; turns -= 1) await new Promise(setImmediate);
        if (count === wanted.get(id)) return DONE;
        const dueMs = setup.clock.now() + Math.floor(random.next() * 8);
        return { end: 'postponed', dueMs, note: '', taken: 'yes' };
      },
      (stored) => stored,
      // Due times pass while events come, and late timers meet new events.
      false,
    );
    const SENDERS = 20;
    const EVENTS_EACH = 100;
    const sender = async (): Promise<void> => {
      for (let sent = 0; sent < EVENTS_EACH; sent += 1) {
        await setup.send();
        for (let turns = random.next() * 3; turns > 1; turns -= 1) await new Promise(setImmediate);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, sender));
    await setup.clock.advance('1h');
    assert.deepEqual(await setup.stored.waiting(), []);
    assert.equal(runs.size, SENDERS * EVENTS_EACH);
    for (const [id, count] of runs) assert.equal(count, wanted.get(id), `runs of event ${id}`);
    assert.deepEqual(setup.log.errors, []);
  });

  test('goes on after a restart with what was there', async (context) => {
    const seen: number[] = [];
    const setup = await opened(context, async ({ id }) => {
      seen.push(id);
      return DONE;
    });
    const first: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      const event = { dueMs: setup.clock.now(), attributes: '{}', payload: Buffer.from('{}') };
      first.push(await setup.stored.append({ queue: 'q', ...event }));
    }
    setup.queue.resume();
    await setup.clock.advance(0);
    assert.deepEqual(seen, first);
  });

  test('passes nothing over that an earlier process has left, where an event comes before it goes on', async (context) => {
    const seen: number[] = [];
    const setup = await opened(context, async ({ id }) => {
      seen.push(id);
      return DONE;
    });
    const left = { dueMs: setup.clock.now() - 1_000, attributes: '{}', payload: Buffer.from('{}') };
    await setup.stored.append({ queue: 'q', ...left });
    await setup.send();
    await setup.clock.advance(0);
    setup.queue.resume();
    await setup.clock.advance(0);
    assert.equal(seen.length, 2);
    assert.deepEqual(await setup.stored.waiting(), []);
  });

  test('holds few events in memory and runs a bounded number at once, however many wait', async (context) => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    let mostRunning = 0;
    let read = 0;
    let settled = 0;
    let mostHeld = 0;
    const setup = await opened(
      context,
      async () => {
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        await released;
        running -= 1;
        settled += 1;
        return DONE;
      },
      (stored) => ({
        ...stored,
        async read(queue, range) {
          const page = await stored.read(queue, range);
          read += page.events.length;
          mostHeld = Math.max(mostHeld, read - settled);
          return page;
        },
      }),
    );
    const EVENTS = 5 * MAX_READY_EVENTS;
    const event = { queue: 'q', dueMs: setup.clock.now(), attributes: '{}', payload: Buffer.from('{}') };
    await Promise.all(Array.from({ length: EVENTS }, () => setup.stored.append(event)));
    setup.queue.resume();
    const advanced = setup.clock.advance(0);
    while (running < MAX_IN_FLIGHT) await new Promise(setImmediate);
    release();
    await advanced;
    assert.equal(settled, EVENTS);
    assert.equal(mostRunning, MAX_IN_FLIGHT);
    assert.ok(mostHeld <= MAX_IN_FLIGHT + 1.5 * MAX_READY_EVENTS, String(mostHeld));
  });

  test('rests longer after each refusal, tries one event then, and is quick again after a success', async (context) => {
    const triedAt: number[] = [];
    let isRefusing = true;
    const setup = await opened(context, async () => {
      triedAt.push((setup.clock.now() - startMs) / 1_000);
      return isRefusing ? refused(setup.clock.now() + 1) : DONE;
    });
    const startMs = setup.clock.now();
    for (let count = 0; count < 3; count += 1) await setup.send();
    await setup.clock.advance('1h');
    // Those sent first were all tried at once; from then on one at a time.
    const later = triedAt.filter((seconds) => seconds > 0);
    assert.deepEqual(later.slice(0, 10), [1, 3, 7, 15, 31, 63, 127, 255, 511, 811]);
    isRefusing = false;
    triedAt.length = 0;
    await setup.clock.advance('5m');
    assert.equal(triedAt.length, 3);
    assert.equal(new Set(triedAt).size, 1, 'all of them together');
    assert.deepEqual(await setup.stored.waiting(), []);
  });

  test('keeps to what a function takes at once', async (context) => {
    const TAKEN = 5;
    let running = 0;
    let refusals = 0;
    let runs = 0;
    const setup = await opened(context, async () => {
      if (running === TAKEN) {
        refusals += 1;
        return refused(setup.clock.now() + 1_000);
      }
      running += 1;
      for (let turns = 0; turns < 3; turns += 1) await new Promise(setImmediate);
      running -= 1;
      runs += 1;
      return DONE;
    });
    await Promise.all(Array.from({ length: 1_000 }, () => setup.send()));
    await setup.clock.advance('1h');
    assert.equal(runs, 1_000);
    assert.ok(refusals < 300, `${refusals} refusals`);
  });
});
