import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURE, polledStream } from './polled-stream.ts';

const MINUTE = 60_000;
const WINDOWED = { tumblingWindowSeconds: 60 };

/** Counts the records of a window. */
const counting = ({ records, window }: { records: readonly unknown[]; window?: { state: unknown } }) => {
  const { count = 0 } = window!.state as { count?: number };
  return { state: { count: count + records.length }, run: 'counted' };
};

function summaries(batches: ReturnType<typeof polledStream>['batches']) {
  return batches.map(({ records, window }) => ({
    count: records.length,
    state: window!.state,
    isFinal: window!.isFinal,
    isTerminatedEarly: window!.isTerminatedEarly,
  }));
}

test('records of two windows are in two batches, the last of a window in between', async (context) => {
  const { stream, poller, batches, settled, clock } = polledStream(context, counting);
  const startMs = Math.floor(clock.now() / MINUTE) * MINUTE - MINUTE;
  for (const offset of [0, 59_999, 60_000]) stream.put('shard-0', 'k', offset, startMs + offset);
  poller(WINDOWED);
  await settled();
  const open = { isFinal: false, isTerminatedEarly: false };
  assert.deepEqual(summaries(batches), [
    { ...open, count: 2, state: {} },
    { ...open, count: 0, state: { count: 2 }, isFinal: true },
    { ...open, count: 1, state: {} },
  ]);
  assert.deepEqual(
    batches.map(({ window }) => [window!.startMs - startMs, window!.endMs - startMs]),
    [
      [0, MINUTE],
      [0, MINUTE],
      [MINUTE, 2 * MINUTE],
    ],
  );
});

test('a window without later records ends two minutes after its time', async (context) => {
  const { stream, poller, batches, settled, clock } = polledStream(context, counting);
  const endMs = Math.floor(clock.now() / MINUTE) * MINUTE + MINUTE;
  stream.put('shard-0', 'k', 1, clock.now());
  poller(WINDOWED);
  await settled();
  await clock.advance(endMs + 2 * MINUTE - clock.now() - 1);
  await settled();
  assert.equal(batches.length, 1);
  await clock.advance(1);
  await settled();
  assert.deepEqual(summaries(batches)[1], {
    count: 0,
    state: { count: 1 },
    isFinal: true,
    isTerminatedEarly: false,
  });
});

test('a window ends with its shard', async (context) => {
  const { stream, poller, batches, settled, clock } = polledStream(context, counting);
  stream.put('shard-0', 'k', 1, clock.now());
  const [child] = stream.split('shard-0');
  stream.put(child, 'k', 2, clock.now());
  poller(WINDOWED);
  await settled();
  assert.deepEqual(
    batches.map(({ shardId, window }) => [shardId, window!.isFinal, window!.state]),
    [
      ['shard-0', false, {}],
      ['shard-0', true, { count: 1 }],
      [child, false, {}],
    ],
  );
});

test('the state of a window outlasts the server', async (context) => {
  const { stream, poller, batches, settled, clock, state } = polledStream(context, counting);
  stream.put('shard-0', 'k', 1, clock.now());
  const first = poller(WINDOWED);
  await settled();
  first.abandon();
  const left = state.copy();
  stream.put('shard-0', 'k', 2, clock.now());
  poller(WINDOWED, left);
  await settled();
  assert.deepEqual(summaries(batches)[1], {
    count: 1,
    state: { count: 1 },
    isFinal: false,
    isTerminatedEarly: false,
  });
});

test('a state of more than a megabyte ends its window early', async (context) => {
  const huge = 'x'.repeat(1024 * 1024);
  const polled = polledStream(context, ({ window }) =>
    window!.isFinal ? { run: 'ended' } : { state: { huge }, run: 'grown' },
  );
  const { stream, poller, batches, settled, clock } = polled;
  stream.put('shard-0', 'k', 1, clock.now());
  poller({ ...WINDOWED, batchSize: 1 });
  await settled();
  stream.put('shard-0', 'k', 2, clock.now());
  await settled();
  assert.deepEqual(
    batches.map(({ records, window }) => [records.length, window!.isFinal, window!.isTerminatedEarly]),
    [
      [1, false, false],
      [0, true, true],
      [1, false, false],
      [0, true, true],
    ],
  );
});

test('a state is kept while a batch fails, and given to the next attempt', async (context) => {
  let isFailing = false;
  const polled = polledStream(context, (batch) => (isFailing ? FAILURE : counting(batch)));
  const { stream, poller, batches, settled, clock, discarded } = polled;
  stream.put('shard-0', 'k', 1, clock.now());
  poller({ ...WINDOWED, maximumRetryAttempts: 1 });
  await settled();
  isFailing = true;
  stream.put('shard-0', 'k', 2, clock.now());
  await settled();
  await clock.advance(500);
  await settled();
  isFailing = false;
  stream.put('shard-0', 'k', 3, clock.now());
  await settled();
  assert.equal(discarded.length, 1);
  assert.deepEqual(
    summaries(batches).map(({ state }) => state),
    [{}, { count: 1 }, { count: 1 }, { count: 1 }],
  );
});
