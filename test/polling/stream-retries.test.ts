import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURE, polledStream, SUCCESS } from './polled-stream.ts';

const numbers = (records: readonly { record: Readonly<Record<string, unknown>> }[]) =>
  records.map(({ record }) => Number(record['data']));

test('a batch that fails is tried again after growing rests, and given up when its attempts are used up', async (context) => {
  const polled = polledStream(context, ({ records }) => (numbers(records).includes(1) ? FAILURE : SUCCESS));
  const { stream, poller, data, clock, discarded, settled } = polled;
  stream.put('shard-0', 'k', 1);
  stream.put('shard-0', 'k', 2);
  poller({ batchSize: 1, maximumRetryAttempts: 2 });
  await settled();
  assert.deepEqual(data(), [[1]]);
  await clock.advance(499);
  assert.equal(data().length, 1);
  await clock.advance(1);
  assert.equal(data().length, 2);
  await clock.advance(1_000);
  await settled();
  assert.deepEqual(data(), [[1], [1], [1], [2]]);
  const [{ condition, invokeCount, lastRun, records }] = discarded as [(typeof discarded)[0]];
  assert.deepEqual(
    [condition, invokeCount, lastRun, numbers(records)],
    ['RetryAttemptsExhausted', 3, 'failed', [1]],
  );
});

test('an attempt that could not be made uses up none', async (context) => {
  let refusals = 5;
  const polled = polledStream(context, () => {
    refusals -= 1;
    if (refusals >= 0) throw new Error('Rate Exceeded.');
    return SUCCESS;
  });
  const { stream, poller, clock, discarded, batches, settled } = polled;
  stream.put('shard-0', 'k', 1);
  poller({ maximumRetryAttempts: 0 });
  await settled();
  await clock.advance(50);
  await settled();
  assert.equal(batches.length, 2);
  await clock.advance(60_000);
  await settled();
  assert.deepEqual([batches.length, discarded.length], [6, 0]);
});

test('records that are older than they may be are given up, the others tried', async (context) => {
  const { stream, poller, clock, discarded, data, settled } = polledStream(context);
  const now = clock.now();
  stream.put('shard-0', 'k', 1, now - 61_000);
  stream.put('shard-0', 'k', 2, now - 60_001);
  stream.put('shard-0', 'k', 3, now - 60_000);
  poller({ maximumRecordAgeSeconds: 60 });
  await settled();
  assert.deepEqual(data(), [[3]]);
  const [{ condition, invokeCount, lastRun, records }] = discarded as [(typeof discarded)[0]];
  // Recorded of AWS: an attempt that was not made is counted.
  assert.deepEqual(
    [condition, invokeCount, lastRun, numbers(records)],
    ['RecordAgeExceeded', 1, undefined, [1, 2]],
  );
});

test('in a minute there are seven attempts, as were recorded of AWS', async (context) => {
  const { stream, poller, clock, discarded, data, settled } = polledStream(context, () => FAILURE);
  stream.put('shard-0', 'k', 1, clock.now());
  poller({ maximumRecordAgeSeconds: 60 });
  await settled();
  await clock.advance(70_000);
  await settled();
  assert.equal(data().length, 7);
  assert.equal(discarded[0]!.invokeCount, 8);
});

test('without limits a batch is tried until the stream has it no more', async (context) => {
  const polled = polledStream(context, ({ records }) => (numbers(records)[0] === 1 ? FAILURE : SUCCESS));
  const { stream, poller, clock, discarded, data, settled } = polled;
  stream.put('shard-0', 'k', 1);
  poller();
  await settled();
  await clock.advance(3_600_000);
  assert.equal(discarded.length, 0);
  stream.put('shard-0', 'k', 2);
  stream.trim('shard-0', 1);
  await clock.advance(60_000);
  await settled();
  assert.deepEqual(numbers(discarded[0]!.records), [1]);
  assert.deepEqual(data().at(-1), [2]);
});

test('a batch that was the last of its stream is not tried for ever', async (context) => {
  for (const end of ['trim', 'remove'] as const) {
    const { stream, poller, clock, discarded, data, settled } = polledStream(context, () => FAILURE);
    stream.put('shard-0', 'k', 1);
    stream.put('shard-0', 'k', 2);
    poller();
    await settled();
    await clock.advance(3_600_000);
    assert.equal(discarded.length, 0);
    stream[end]('shard-0');
    await clock.advance(60_000);
    await settled();
    assert.deepEqual(
      discarded.map(({ condition, records }) => [condition, numbers(records)]),
      [['RecordAgeExceeded', [1, 2]]],
    );
    const attempts = data().length;
    await clock.advance(3_600_000);
    assert.equal(data().length, attempts);
  }
});

test('a failing batch is halved until the bad record is alone, in order, and halving uses up no attempts', async (context) => {
  const polled = polledStream(context, ({ records }) => (numbers(records).includes(3) ? FAILURE : SUCCESS));
  const { stream, poller, clock, discarded, data, settled } = polled;
  for (const number of [1, 2, 3, 4, 5]) stream.put('shard-0', 'k', number);
  poller({ bisectsOnError: true, maximumRetryAttempts: 1 });
  await settled();
  await clock.advance(60_000);
  await settled();
  assert.deepEqual(data(), [[1, 2, 3, 4, 5], [1, 2, 3], [1, 2], [3], [3], [4, 5]]);
  assert.deepEqual([numbers(discarded[0]!.records), discarded[0]!.invokeCount], [[3], 2]);
});

test('what is left of a batch when it is halved has all its attempts', async (context) => {
  const polled = polledStream(context, ({ records }) => (numbers(records).includes(1) ? FAILURE : SUCCESS));
  const { stream, poller, clock, discarded, data, settled } = polled;
  for (const number of [1, 2]) stream.put('shard-0', 'k', number);
  poller({ bisectsOnError: true, maximumRetryAttempts: 1 });
  await settled();
  await clock.advance(60_000);
  await settled();
  assert.deepEqual(data(), [[1, 2], [1], [1], [2]]);
  assert.equal(discarded[0]!.invokeCount, 2);
});

test('from the first record on that is reported, a batch is tried again with all its attempts', async (context) => {
  const polled = polledStream(context, ({ records }) => {
    const failedFrom = numbers(records).indexOf(3);
    return failedFrom < 0 ? SUCCESS : { failedFrom, run: 'reported' };
  });
  const { stream, poller, clock, discarded, data, settled } = polled;
  for (const number of [1, 2, 3, 4]) stream.put('shard-0', 'k', number);
  poller({ batchSize: 3, maximumRetryAttempts: 3 });
  await settled();
  await clock.advance(60_000);
  await settled();
  assert.deepEqual(data(), [[1, 2, 3], [3], [3], [3], [3], [4]]);
  // Recorded of AWS for this case.
  assert.deepEqual([discarded[0]!.invokeCount, numbers(discarded[0]!.records)], [4, [3]]);
});

test('a reader stops without a rest, and an attempt under way counts', async (context) => {
  const run = Promise.withResolvers<typeof SUCCESS>();
  const polled = polledStream(context, () => run.promise);
  const { stream, poller, batches, until, data } = polled;
  stream.put('shard-0', 'k', 1);
  stream.put('shard-0', 'k', 2);
  const first = poller({ batchSize: 1 });
  await until(() => batches.length === 1);
  const stopped = first.stop();
  run.resolve(SUCCESS);
  await stopped;
  poller({ batchSize: 1 });
  await until(() => data().length === 2);
  assert.deepEqual(data(), [[1], [2]]);
});
