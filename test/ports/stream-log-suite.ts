import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { EventPosition, EventQuery, StoredEvent, StreamLog } from '../../src/ports/stream-log.ts';

const ALL = { group: 'g', order: 'forward', maxEvents: 1000, maxChars: 1_000_000 } as const;

/** What every adapter of `StreamLog` must do. */
export function streamLogSuite(name: string, open: (test: TestContext) => Promise<StreamLog>): void {
  const promise = (sentence: string, check: (store: StreamLog) => Promise<void>) =>
    test(`${name} ${sentence}`, async (context) => check(await open(context)));

  promise('gives back events of a stream in time order, those of one time as they came', async (store) => {
    await append(store, 's', [5, 1, 5, 3], ['a', 'b', 'c', 'é\n𝄞']);
    await append(store, 's', [2, 5], ['e', 'f']);
    const { events, more } = await store.read({ ...ALL, streams: ['s'] });
    assert.deepEqual(
      events.map((event) => [event.timestampMs, event.message]),
      [
        [1, 'b'],
        [2, 'e'],
        [3, 'é\n𝄞'],
        [5, 'a'],
        [5, 'c'],
        [5, 'f'],
      ],
    );
    assert.equal(more, false);
    assert.ok(events.every((event) => event.stream === 's' && event.ingestedMs === 100));
  });

  promise('reads a time range, its end excluded, in both directions', async (store) => {
    await append(store, 's', [10, 20, 30, 40]);
    const range = { ...ALL, startMs: 20, endMs: 40 };
    assert.deepEqual(timesOf(await store.read(range)), [20, 30]);
    assert.deepEqual(timesOf(await store.read({ ...range, order: 'backward' })), [30, 20]);
  });

  promise('merges the streams of a group by time, and picks streams by name or prefix', async (store) => {
    await store.append([
      { group: 'g', stream: 'a/1', ingestedMs: 1, timestampsMs: [1, 4, 7], messages: ['1', '4', '7'] },
      { group: 'g', stream: 'a/2', ingestedMs: 1, timestampsMs: [2, 5], messages: ['2', '5'] },
      { group: 'g', stream: 'b', ingestedMs: 1, timestampsMs: [3, 6], messages: ['3', '6'] },
      { group: 'other', stream: 'a/1', ingestedMs: 1, timestampsMs: [3], messages: ['x'] },
    ]);
    assert.deepEqual(timesOf(await store.read(ALL)), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(timesOf(await store.read({ ...ALL, order: 'backward' })), [7, 6, 5, 4, 3, 2, 1]);
    assert.deepEqual(timesOf(await store.read({ ...ALL, streamPrefix: 'a/' })), [1, 2, 4, 5, 7]);
    assert.deepEqual(timesOf(await store.read({ ...ALL, streams: ['b', 'a/2'] })), [2, 3, 5, 6]);
    assert.deepEqual(timesOf(await store.read({ ...ALL, streams: ['none'] })), []);
    assert.deepEqual(timesOf(await store.read({ ...ALL, group: 'none' })), []);
  });

  promise('pages through random events in both directions, each exactly once, in order', async (store) => {
    const seed = Number(process.env['SELFSAME_SEED'] ?? Date.now() % 1_000_000);
    const random = generator(seed);
    let total = 0;
    for (let write = 0; write < 40; write++) {
      const count = 1 + Math.floor(random() * 60);
      total += count;
      const spanMs = random() < 0.2 ? 5_000_000 : 500;
      const times = Array.from({ length: count }, () => 1_000_000 + Math.floor(random() * spanMs));
      await append(store, `s${Math.floor(random() * 4)}`, times);
    }
    const forward = await readAll(store, { ...ALL, maxEvents: 1 + Math.floor(random() * 50) });
    const backward = await readAll(store, { ...ALL, order: 'backward', maxChars: 200 });
    const keys = (events: readonly StoredEvent[]) =>
      events.map((event) => `${event.sequence}.${event.index}`);
    assert.equal(forward.length, total, `seed ${seed}`);
    assert.equal(new Set(keys(forward)).size, total, `seed ${seed}`);
    assert.deepEqual(keys(backward.toReversed()), keys(forward), `seed ${seed}`);
    assert.ok(isAscending(forward.map((event) => event.timestampMs)), `seed ${seed}`);
  });

  promise('shows a reader who waits at the end what comes later', async (store) => {
    await append(store, 's', [1, 2]);
    const first = await store.read(ALL);
    const beyond = first.events.at(-1)!;
    assert.deepEqual(timesOf(await store.read({ ...ALL, beyond })), []);
    await append(store, 's', [2, 3]);
    assert.deepEqual(timesOf(await store.read({ ...ALL, beyond })), [2, 3]);
  });

  promise('ends a page before it grows too large, yet always gives one event', async (store) => {
    await append(store, 's', [1, 2, 3], ['x'.repeat(50), 'y'.repeat(50), 'z'.repeat(500)]);
    const page = await store.read({ ...ALL, maxChars: 100 });
    assert.deepEqual([timesOf(page), page.more], [[1, 2], true]);
    const next = await store.read({ ...ALL, maxChars: 100, beyond: page.events.at(-1)! });
    assert.deepEqual([timesOf(next), next.more], [[3], false]);
  });

  promise('creates a stream once and describes it', async (store) => {
    assert.equal(await store.createStream('g', 's', 7), true);
    assert.equal(await store.createStream('g', 's', 8), false);
    assert.deepEqual(await store.getStream('g', 's'), { name: 's', createdMs: 7 });
    await append(store, 's', [50, 20]);
    assert.deepEqual(await store.getStream('g', 's'), {
      name: 's',
      createdMs: 7,
      firstEventMs: 20,
      lastEventMs: 50,
      lastIngestedMs: 100,
    });
    assert.equal(await store.getStream('g', 'none'), undefined);
    assert.equal(await store.getStream('none', 's'), undefined);
  });

  promise('lists streams by name and by last event, in pages and both ways', async (store) => {
    for (const [stream, time] of [
      ['b', 3],
      ['a', 9],
      ['c', 1],
      ['ab', 9],
    ] as const) {
      await append(store, stream, [time]);
    }
    await store.createStream('g', 'empty', 1);
    const names = async (orderBy: 'name' | 'lastEvent', descending: boolean) => {
      const found: string[] = [];
      for (let after: { name: string; lastEventMs?: number } | undefined; ; ) {
        const page = await store.listStreams('g', {
          orderBy,
          descending,
          limit: 2,
          ...(after ? { after } : {}),
        });
        if (page.length === 0) return found;
        found.push(...page.map((stream) => stream.name));
        after = page.at(-1)!;
      }
    };
    assert.deepEqual(await names('name', false), ['a', 'ab', 'b', 'c', 'empty']);
    assert.deepEqual(await names('name', true), ['empty', 'c', 'b', 'ab', 'a']);
    assert.deepEqual(await names('lastEvent', false), ['empty', 'c', 'b', 'a', 'ab']);
    assert.deepEqual(await names('lastEvent', true), ['ab', 'a', 'b', 'c', 'empty']);
    const prefixed = await store.listStreams('g', { orderBy: 'name', prefix: 'a', limit: 9 });
    assert.deepEqual(
      prefixed.map((stream) => stream.name),
      ['a', 'ab'],
    );
  });

  promise(
    'is followed in the order of arrival, a group at a time, from where one has come',
    async (store) => {
      const start = await store.end();
      await append(store, 's', [50, 60], ['a', 'b']);
      await store.append([
        { group: 'other', stream: 's', ingestedMs: 1, timestampsMs: [1], messages: ['not this'] },
      ]);
      await append(store, 't', [10, 20], ['c', 'd']);
      const texts = (events: readonly StoredEvent[]) => events.map(({ stream, message }) => stream + message);
      const all = await store.follow({ group: 'g', beyond: start, maxChars: 100 });
      assert.deepEqual(texts(all.events), ['sa', 'sb', 'tc', 'td']);
      assert.equal(all.more, false);
      const first = await store.follow({ group: 'g', beyond: start, maxChars: 3 });
      assert.deepEqual([texts(first.events), first.more], [['sa', 'sb', 'tc'], true]);
      const rest = await store.follow({ group: 'g', beyond: first.position, maxChars: 3 });
      assert.deepEqual(texts(rest.events), ['td']);
      for (const beyond of [rest.position, all.position, await store.end()]) {
        assert.deepEqual((await store.follow({ group: 'g', beyond, maxChars: 9 })).events, []);
      }
      // What was there last is gone, and its place is not taken again.
      const end = await store.end();
      await store.deleteStream('g', 't');
      await append(store, 't', [5], ['e']);
      assert.deepEqual(texts((await store.follow({ group: 'g', beyond: end, maxChars: 9 })).events), ['te']);
    },
  );

  promise('deletes a stream with its events, and a group with its streams', async (store) => {
    await append(store, 's', [1]);
    await append(store, 't', [2]);
    assert.equal(await store.deleteStream('g', 's'), true);
    assert.equal(await store.deleteStream('g', 's'), false);
    assert.deepEqual(timesOf(await store.read(ALL)), [2]);
    await append(store, 's', [3]);
    assert.deepEqual(timesOf(await store.read(ALL)), [2, 3]);
    await store.deleteGroup('g');
    assert.deepEqual(timesOf(await store.read(ALL)), []);
    assert.deepEqual(await store.listGroups(), []);
    await append(store, 't', [4]);
    assert.deepEqual(timesOf(await store.read(ALL)), [4]);
  });

  promise('counts the bytes of a group, less what expires', async (store) => {
    await append(store, 's', [1_000, 2_000], ['é', 'abc']);
    await append(store, 's', [9_000_000], ['later']);
    assert.deepEqual(await store.listGroups(), [{ group: 'g', storedBytes: 10 }]);
    await store.expire('g', 5_000_000);
    assert.deepEqual(timesOf(await store.read(ALL)), [9_000_000]);
    assert.deepEqual(await store.listGroups(), [{ group: 'g', storedBytes: 5 }]);
    assert.equal((await store.getStream('g', 's'))?.firstEventMs, 9_000_000);
  });
}

function append(
  store: StreamLog,
  stream: string,
  timestampsMs: readonly number[],
  messages?: readonly string[],
) {
  const texts = messages ?? timestampsMs.map((time) => `at ${time}`);
  return store.append([{ group: 'g', stream, ingestedMs: 100, timestampsMs, messages: texts }]);
}

function timesOf(page: { readonly events: readonly StoredEvent[] }): number[] {
  return page.events.map((event) => event.timestampMs);
}

async function readAll(store: StreamLog, query: EventQuery): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for (let beyond: EventPosition | undefined; ; beyond = found.at(-1)) {
    const page = await store.read({ ...query, ...(beyond ? { beyond } : {}) });
    found.push(...page.events);
    if (!page.more) return found;
  }
}

function isAscending(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value >= values[index - 1]!);
}

/** A small seeded generator (mulberry32), so that a failure can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
