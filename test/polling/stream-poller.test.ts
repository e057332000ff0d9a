import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamCheckpoints } from '../../src/polling/stream-checkpoints.ts';
import type { StreamRecord } from '../../src/ports/stream-source.ts';
import { HeldState } from './held-state.ts';
import { FAILURE, polledStream, SUCCESS } from './polled-stream.ts';

test('what is there at once is a batch, up to its size', async (context) => {
  const { stream, poller, data, until } = polledStream(context);
  for (let number = 0; number < 7; number += 1) stream.put('shard-0', 'k', number);
  poller({ batchSize: 3 });
  await until(() => data().flat().length === 7);
  assert.deepEqual(data(), [[0, 1, 2], [3, 4, 5], [6]]);
});

test('reading begins at the oldest record, behind the newest, or at a time', async (context) => {
  for (const [start, expected] of [
    [{ at: 'TRIM_HORIZON' }, [1, 2, 3, 4]],
    [{ at: 'LATEST' }, [4]],
    [{ at: 'AT_TIMESTAMP', timestampMs: 2_000 }, [2, 3, 4]],
  ] as const) {
    const { stream, poller, data, until } = polledStream(context);
    for (const number of [1, 2, 3]) stream.put('shard-0', 'k', number, number * 1_000);
    await poller({ start }).begun();
    stream.put('shard-0', 'k', 4, 4_000);
    await until(() => data().flat().includes(4));
    assert.deepEqual(data().flat(), expected);
  }
});

test('a shard that comes later is read from its beginning, wherever reading began', async (context) => {
  const { stream, poller, data, until, settled } = polledStream(context);
  stream.put('shard-0', 'k', 'old');
  const first = poller({ start: { at: 'LATEST' } });
  await first.begun();
  await first.stop();
  const [child] = stream.split('shard-0');
  stream.put(child, 'k', 'new');
  poller({ start: { at: 'LATEST' } });
  await until(() => data().length > 0);
  await settled();
  assert.deepEqual(data(), [['new']]);
});

test('a window fills one batch until it is full or over', async (context) => {
  const { stream, poller, data, until, settled, clock } = polledStream(context);
  poller({ batchSize: 3, windowSeconds: 10 });
  await settled();
  stream.put('shard-0', 'k', 1);
  await settled();
  stream.put('shard-0', 'k', 2);
  await settled();
  assert.deepEqual(data(), []);
  await clock.advance(10_000);
  assert.deepEqual(data(), [[1, 2]]);
  for (const number of [3, 4, 5]) stream.put('shard-0', 'k', number);
  await until(() => data().length === 2);
  assert.deepEqual(data()[1], [3, 4, 5]);
});

test('the clock is not moved before what was put has been handed over, but waits for no record', async (context) => {
  const { stream, poller, data, clock } = polledStream(context);
  stream.readTurns = 30;
  await poller().begun();
  await clock.advance(1_000);
  stream.put('shard-0', 'k', 1);
  // No answer to who has put it takes less.
  await new Promise(setImmediate);
  await clock.advance(1_000);
  assert.deepEqual(data(), [[1]]);
});

test('a batch is no larger than an event may be', async (context) => {
  const { stream, poller, batches, until } = polledStream(context);
  const megabytes = 'x'.repeat(2_500_000);
  for (let number = 0; number < 5; number += 1) stream.put('shard-0', 'k', `${number}${megabytes}`);
  poller();
  const count = () => batches.flatMap(({ records }) => records).length;
  await until(() => count() === 5);
  assert.deepEqual(
    batches.map(({ records }) => records.length),
    [2, 2, 1],
  );
});

test('filters let through what matches, and reading goes on past the rest', async (context) => {
  const { stream, poller, data, until, state } = polledStream(context);
  for (let number = 0; number < 6; number += 1) stream.put('shard-0', 'k', number);
  const filters = ['{"data":[{"numeric":["<",2]}]}', '{"data":[5]}'];
  const first = poller({ filters });
  await until(() => data().flat().length === 3);
  assert.deepEqual(data(), [[0, 1, 5]]);
  await first.stop();
  stream.put('shard-0', 'k', 9);
  poller({ filters: [] }, state);
  await until(() => data().length === 2);
  assert.deepEqual(data()[1], [9]);
});

test('a child is read when both its parents have been read to their end', async (context) => {
  let isFailing = true;
  const isBad = ({ record }: StreamRecord) => record['data'] === 'bad';
  const polled = polledStream(
    context,
    ({ records }) => (isFailing && records.some(isBad) ? FAILURE : SUCCESS),
    2,
  );
  const { stream, poller, data, until, settled, clock } = polled;
  stream.put('shard-0', 'k', 'bad');
  stream.put('shard-1', 'l', 'good');
  stream.put(stream.merge('shard-0', 'shard-1'), 'k', 'after both');
  poller({ parallelizationFactor: 3 });
  await until(() => data().flat().length >= 2);
  await settled();
  assert.ok(!data().flat().includes('after both'));
  isFailing = false;
  await clock.advance(500);
  await until(() => data().flat().includes('after both'));
  assert.deepEqual(data().flat().at(-2), 'bad');
});

test('keys are worked on side by side, the records of one in order', async (context) => {
  const held = new Map<string, PromiseWithResolvers<void>>();
  const polled = polledStream(context, async ({ records }) => {
    const key = records[0]!.orderKey;
    const gate = Promise.withResolvers<void>();
    held.set(key, gate);
    await gate.promise;
    return SUCCESS;
  });
  const { stream, poller, until, batches, settled } = polled;
  // Keys of four different groups.
  const keys = ['a', 'b', 'c', 'd'];
  for (let round = 0; round < 2; round += 1) {
    for (const key of keys) stream.put('shard-0', key, round);
  }
  poller({ parallelizationFactor: 4, batchSize: 1 });
  await until(() => held.size === 4);
  await settled();
  assert.equal(batches.length, 4);
  held.get('a')!.resolve();
  await until(() => batches.length === 5);
  assert.deepEqual(batches[4]!.records[0]!.record, { data: 1 });
  for (let count = 5; count <= 8; count += 1) {
    for (const gate of held.values()) gate.resolve();
    await settled();
  }
  assert.equal(batches.length, 8);
});

test('a key that is held up holds up no other, however much there is of it', async (context) => {
  const stuck = Promise.withResolvers<void>();
  const polled = polledStream(context, async ({ records }) => {
    if (records[0]!.orderKey === 'a') await stuck.promise;
    return SUCCESS;
  });
  const { stream, poller, until, batches } = polled;
  for (let number = 0; number < 500; number += 1) stream.put('shard-0', 'a', number);
  for (let number = 0; number < 50; number += 1) stream.put('shard-0', 'b', number);
  poller({ parallelizationFactor: 4, batchSize: 10 });
  const of = (key: string) =>
    batches
      .flatMap(({ records }) => records)
      .filter(({ orderKey }) => orderKey === key)
      .map(({ record }) => record['data']);
  await until(() => of('b').length === 50);
  assert.equal(of('a').length, 10);
  stuck.resolve();
  await until(() => of('a').length === 500);
  assert.deepEqual(
    of('a'),
    Array.from({ length: 500 }, (_, number) => number),
  );
});

test('what was done with is not read again after a restart, whatever else was under way', async (context) => {
  const isStuck = ({ records }: { records: readonly StreamRecord[] }) => records[0]!.orderKey === 'a';
  let isHolding = true;
  const polled = polledStream(context, (batch) => (isHolding && isStuck(batch) ? FAILURE : SUCCESS));
  const { stream, poller, until, batches, data } = polled;
  for (let number = 0; number < 20; number += 1) stream.put('shard-0', 'ab'[number % 2]!, number);
  const first = poller({ parallelizationFactor: 4, batchSize: 2 });
  await until(
    () =>
      data()
        .flat()
        .filter((number) => Number(number) % 2 === 1).length === 10,
  );
  await first.stop();
  batches.length = 0;
  isHolding = false;
  // Keys are divided otherwise now.
  poller({ parallelizationFactor: 3, batchSize: 2 });
  await until(() => data().flat().length === 10);
  assert.deepEqual(data().flat(), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
});

test('of a lane that lags and has nothing at hand, nothing is missed after a crash', async (context) => {
  const stuck = Promise.withResolvers<void>();
  const polled = polledStream(context, async () => {
    await stuck.promise;
    return SUCCESS;
  });
  const { stream, state, poller, until, settled, batches, data } = polled;
  const all = Array.from({ length: 300 }, (_, number) => number);
  for (const number of all) stream.put('shard-0', 'a', number);
  poller({ parallelizationFactor: 2, batchSize: 10 });
  await until(() => batches.length === 1);
  await settled();
  // It cannot read on for itself, and comes to the end of what it has.
  stream.failures = [new Error('not now')];
  stuck.resolve();
  await settled();
  const before = data().flat();
  assert.ok(before.length > 0 && before.length < all.length, `${before.length} handled`);
  const found = state.copy();
  batches.length = 0;
  poller({ parallelizationFactor: 2, batchSize: 10 }, found, () => SUCCESS);
  await until(() => data().flat().includes(299));
  assert.deepEqual([...before, ...data().flat()], all);
});

test('a key that has come to nothing yet goes on where reading began, though others are done with', async (context) => {
  const polled = polledStream(context, ({ records }) => (records[0]!.orderKey === 'a' ? FAILURE : SUCCESS));
  const { stream, state, poller, until, settled, batches, data } = polled;
  const more = { start: { at: 'LATEST' }, parallelizationFactor: 4 } as const;
  stream.put('shard-0', 'a', 'before');
  const first = poller(more);
  await first.begun();
  stream.put('shard-0', 'a', 'after');
  stream.put('shard-0', 'b', 'other');
  await until(() => batches.length === 2);
  await settled();
  await first.stop();
  batches.length = 0;
  poller(more, state, () => SUCCESS);
  await until(() => data().length > 0);
  await settled();
  assert.deepEqual(data(), [['after']]);
});

test('what no filter lets through does not come again either', async (context) => {
  const { stream, state, poller, until, settled, data } = polledStream(context);
  const first = poller({ filters: ['{"data":[1]}'] });
  await first.begun();
  stream.put('shard-0', 'k', 0);
  await settled();
  await first.stop();
  stream.put('shard-0', 'k', 1);
  poller({}, state);
  await until(() => data().length > 0);
  assert.deepEqual(data(), [[1]]);
});

test('a child is not read before it is stored that its parent is done with', async (context) => {
  const { stream, poller, until, settled, data } = polledStream(context);
  const state = new HeldState();
  await poller({}, state).begun();
  await settled();
  state.hold();
  const [child] = stream.split('shard-0');
  stream.put(child, 'k', 1);
  await settled();
  assert.deepEqual(data(), []);
  state.letGo();
  await until(() => data().length === 1);
});

test('of shards that are gone nothing is kept', async (context) => {
  const { stream, state, poller, until, settled, data } = polledStream(context);
  stream.put('shard-0', 'k', 1);
  const first = poller();
  const [child] = stream.split('shard-0');
  stream.put(child, 'k', 2);
  await until(() => data().length === 2);
  stream.forget('shard-0');
  await settled();
  await first.stop();
  const checkpoints = await StreamCheckpoints.open(state, 'reader');
  assert.equal(checkpoints.find('shard-0'), undefined);
  assert.ok(checkpoints.hasBegun && checkpoints.find(child) !== undefined);
});

test('a source that fails is read again after a rest', async (context) => {
  const { stream, poller, data, clock, log, settled } = polledStream(context);
  stream.failures = [new Error('not now')];
  stream.put('shard-0', 'k', 1);
  poller();
  await settled();
  assert.deepEqual([data(), log.warnings.length], [[], 1]);
  await clock.advance(1_000);
  await settled();
  assert.deepEqual(data(), [[1]]);
});
