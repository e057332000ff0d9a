import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { EventQueue, EventRange } from '../../src/ports/event-queue.ts';

const ALL: EventRange = { untilMs: 1e15, maxEvents: 1_000, maxBytes: 1e9 };

const event = (queue: string, dueMs: number, text = '') => ({
  queue,
  dueMs,
  attributes: JSON.stringify({ text }),
  payload: Buffer.from(text),
});

/** What every adapter of `EventQueue` must do. `open` gives an empty one and closes it after the test. */
export function eventQueueSuite(name: string, open: (test: TestContext) => Promise<EventQueue>): void {
  const promise = (sentence: string, check: (queue: EventQueue) => Promise<void>) =>
    test(`${name} ${sentence}`, async (context) => check(await open(context)));

  promise('gives back an event as it was appended', async (queue) => {
    const payload = Buffer.from([0, 255, 1, 128]);
    const id = await queue.append({ queue: 'q', dueMs: 5, attributes: '{"é":"𝄞"}', payload });
    const { events } = await queue.read('q', ALL);
    assert.equal(events.length, 1);
    assert.deepEqual(
      { ...events[0], payload: Buffer.from(events[0]!.payload) },
      { id, dueMs: 5, note: '', attributes: '{"é":"𝄞"}', payload },
    );
  });

  promise('reads by due time, then in the order of acceptance, and each queue for itself', async (queue) => {
    await Promise.all([
      queue.append(event('q', 2, 'second')),
      queue.append(event('q', 1, 'first')),
      queue.append(event('other', 1, 'elsewhere')),
      queue.append(event('q', 2, 'third')),
    ]);
    const { events } = await queue.read('q', ALL);
    assert.deepEqual(
      events.map(({ payload }) => Buffer.from(payload).toString()),
      ['first', 'second', 'third'],
    );
    assert.deepEqual(await queue.read('nobody', ALL), { events: [] });
    assert.deepEqual(await queue.waiting(), [
      { queue: 'other', events: 1 },
      { queue: 'q', events: 3 },
    ]);
  });

  promise('reads what is due, so many and so large at most, and says what comes next', async (queue) => {
    for (const dueMs of [1, 2, 3, 4]) await queue.append(event('q', dueMs, 'x'.repeat(10)));
    const due = async (range: Partial<EventRange>) => {
      const { events, nextDueMs } = await queue.read('q', { ...ALL, ...range });
      return [events.map(({ dueMs }) => dueMs), nextDueMs];
    };
    assert.deepEqual(await due({ untilMs: 2 }), [[1, 2], 3]);
    assert.deepEqual(await due({ maxEvents: 1 }), [[1], 2]);
    assert.deepEqual(await due({ maxBytes: 25 }), [[1, 2], 3]);
    assert.deepEqual(await due({ maxBytes: 1 }), [[1], 2]);
    const { events } = await queue.read('q', ALL);
    assert.deepEqual(await due({ after: events[2]! }), [[4], undefined]);
    assert.deepEqual(await due({ after: events[3]! }), [[], undefined]);
  });

  promise('says how many events there are and how large they are', async (queue) => {
    assert.deepEqual(await queue.measure('nobody'), { events: 0, bytes: 0 });
    const payload = Buffer.alloc(3);
    const many = 10_005;
    const ids = await Promise.all(
      Array.from({ length: many }, () => queue.append({ queue: 'q', dueMs: 7, attributes: '{}', payload })),
    );
    await queue.append(event('other', 1, 'elsewhere'));
    let [events, bytes] = [0, 0];
    for (let part = await queue.measure('q'); ; part = await queue.measure('q', part.last)) {
      events += part.events;
      bytes += part.bytes;
      if (part.last === undefined) break;
    }
    assert.deepEqual([events, bytes], [many, many * 3]);
    assert.deepEqual(await queue.measure('q', { dueMs: 7, id: ids.at(-2)! }), { events: 1, bytes: 3 });
  });

  promise('moves an event to a later time, with a note, under its number', async (queue) => {
    const id = await queue.append(event('q', 1, 'moved'));
    await queue.append(event('q', 2, 'stays'));
    await queue.postpone('q', { id, dueMs: 1 }, 3, '{"attempts":1}');
    const { events } = await queue.read('q', ALL);
    assert.deepEqual(
      events.map(({ dueMs, note }) => [dueMs, note]),
      [
        [2, ''],
        [3, '{"attempts":1}'],
      ],
    );
    assert.equal(events[1]!.id, id);
    assert.equal(Buffer.from(events[1]!.payload).toString(), 'moved');
  });

  promise('forgets what is removed, and gives its number to no other', async (queue) => {
    const id = await queue.append(event('q', 1));
    await queue.remove('q', { id, dueMs: 1 });
    assert.deepEqual(await queue.read('q', ALL), { events: [] });
    assert.deepEqual(await queue.waiting(), []);
    assert.ok((await queue.append(event('q', 1))) > id);
  });

  promise('refuses a change of an event that is not where it is said to be', async (queue) => {
    const id = await queue.append(event('q', 1));
    await assert.rejects(queue.remove('q', { id, dueMs: 2 }), /not at its place/);
    await assert.rejects(queue.postpone('p', { id, dueMs: 1 }, 9, ''), /not at its place/);
    assert.equal((await queue.read('q', ALL)).events.length, 1);
  });
}
