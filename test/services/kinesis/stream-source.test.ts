import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ShardRead } from '../../../src/ports/stream-source.ts';
import { caller, openTestKinesis, REGION } from './opened-kinesis.ts';

const FIRST = 'shardId-000000000000';
const never = new AbortController().signal;

function texts({ records }: ShardRead): string[] {
  return records.map(({ record }) => {
    const { data } = record['kinesis'] as { readonly data: string };
    return Buffer.from(data, 'base64').toString();
  });
}

test('a record comes in the form in which Lambda hands it over, with a cursor to go on from', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  const nowMs = kinesis.clock.now();
  const { SequenceNumber } = await kinesis.put('s', 'key', 'one');
  await kinesis.put('s', 'key', 'two');
  const start = await kinesis.streamSource.open(arn, FIRST, { at: 'TRIM_HORIZON' });
  const read = await kinesis.streamSource.read(arn, FIRST, start, { max: 1, signal: never });
  assert.equal(read.isEnd, false);
  assert.deepEqual(read.records, [
    {
      sequenceNumber: SequenceNumber,
      orderKey: 'key',
      arrivedAtMs: nowMs,
      cursor: read.cursor,
      // Source: Lambda developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams".
      record: {
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: 'key',
          sequenceNumber: SequenceNumber,
          data: Buffer.from('one').toString('base64'),
          approximateArrivalTimestamp: nowMs / 1000,
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: `${FIRST}:${SequenceNumber}`,
        eventName: 'aws:kinesis:record',
        awsRegion: REGION,
        eventSourceARN: arn,
      },
    },
  ]);
  const next = await kinesis.streamSource.read(arn, FIRST, read.cursor, { max: 10, signal: never });
  assert.deepEqual(texts(next), ['two']);
});

test('a reader at the end of a shard waits for what is put, and gives up when told to', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  await kinesis.put('s', 'key', 'before');
  const cursor = await kinesis.streamSource.open(arn, FIRST, { at: 'LATEST' });
  const waiting = kinesis.streamSource.read(arn, FIRST, cursor, { max: 10, signal: never });
  await kinesis.put('s', 'key', 'after');
  const read = await waiting;
  assert.deepEqual(texts(read), ['after']);
  const end = new AbortController();
  const none = kinesis.streamSource.read(arn, FIRST, read.cursor, { max: 10, signal: end.signal });
  end.abort();
  assert.deepEqual(await none, { records: [], cursor: read.cursor, isEnd: false });
});

test('a cursor at a time is before what arrived then', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  await kinesis.put('s', 'key', 'one');
  await kinesis.clock.advance(1000);
  const timestampMs = kinesis.clock.now();
  await kinesis.put('s', 'key', 'two');
  const cursor = await kinesis.streamSource.open(arn, FIRST, { at: 'AT_TIMESTAMP', timestampMs });
  const read = await kinesis.streamSource.read(arn, FIRST, cursor, { max: 10, signal: never });
  assert.deepEqual(texts(read), ['two']);
});

test('a cursor stays good when the server restarts', async (context) => {
  const first = await openTestKinesis(context);
  const arn = await first.stream('s');
  await first.put('s', 'key', 'one');
  const start = await first.streamSource.open(arn, FIRST, { at: 'TRIM_HORIZON' });
  const { cursor } = await first.streamSource.read(arn, FIRST, start, { max: 1, signal: never });
  const second = await first.reopen();
  await second.put('s', 'key', 'two');
  const read = await second.streamSource.read(arn, FIRST, cursor, { max: 10, signal: never });
  assert.deepEqual(texts(read), ['two']);
});

test('records that are too old are passed over', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  await kinesis.put('s', 'key', 'old');
  await kinesis.clock.advance('25h');
  await kinesis.put('s', 'key', 'new');
  const start = await kinesis.streamSource.open(arn, FIRST, { at: 'TRIM_HORIZON' });
  const read = await kinesis.streamSource.read(arn, FIRST, start, { max: 10, signal: never });
  assert.deepEqual(texts(read), ['new']);
});

test('what names no stream is none', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  assert.equal(await kinesis.streamSource.exists(arn), true);
  assert.equal(await kinesis.streamSource.exists(`${arn}2`), false);
  assert.equal(await kinesis.streamSource.exists(`${arn}/consumer/c:1`), false);
  await assert.rejects(kinesis.streamSource.shards(`${arn}2`), { code: 'ResourceNotFoundException' });
});

test('a shard that is split ends, and its children are told of, with their parent before them', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  await kinesis.put('s', 'key', 'one');
  const known = await kinesis.streamSource.shards(arn);
  assert.deepEqual(known, [{ shardId: FIRST, parentShardIds: [] }]);
  const changed = kinesis.streamSource.shardsChanged(arn, known, never);
  const start = await kinesis.streamSource.open(arn, FIRST, { at: 'TRIM_HORIZON' });
  const first = await kinesis.streamSource.read(arn, FIRST, start, { max: 1, signal: never });
  assert.equal(first.isEnd, false, 'an open shard has no end');
  const end = kinesis.streamSource.read(arn, FIRST, first.cursor, { max: 1, signal: never });
  await kinesis.operations.SplitShard(
    { StreamName: 's', ShardToSplit: FIRST, NewStartingHashKey: '5' },
    caller(),
  );
  await kinesis.settle();
  await changed;
  assert.deepEqual(await end, { records: [], cursor: first.cursor, isEnd: true });
  assert.deepEqual(
    (await kinesis.streamSource.shards(arn)).map(({ shardId, parentShardIds }) => [
      Number(shardId.slice(-12)),
      parentShardIds,
    ]),
    [
      [0, []],
      [1, [FIRST]],
      [2, [FIRST]],
    ],
  );
  const again = await kinesis.streamSource.read(arn, FIRST, start, { max: 10, signal: never });
  assert.deepEqual([texts(again), again.isEnd], [['one'], true]);
  await kinesis.clock.advance('25h');
  const left = await kinesis.streamSource.shards(arn);
  assert.deepEqual(
    left.map(({ parentShardIds }) => parentShardIds),
    [[], []],
    'a parent too old to hold records need not be waited for',
  );
});

test('a reader of a stream that is deleted hears so', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  const waiting = kinesis.streamSource.read(arn, FIRST, '0', { max: 1, signal: never });
  const refused = assert.rejects(waiting, { code: 'ResourceNotFoundException' });
  await kinesis.operations.DeleteStream({ StreamName: 's' }, caller());
  await kinesis.settle();
  await refused;
});

test('a consumer stands for its stream', async (context) => {
  const kinesis = await openTestKinesis(context);
  const arn = await kinesis.stream('s');
  const { Consumer } = await kinesis.operations.RegisterStreamConsumer(
    { StreamARN: arn, ConsumerName: 'c' },
    caller(),
  );
  await kinesis.put('s', 'key', 'one');
  const consumer = Consumer!.ConsumerARN!;
  assert.equal(await kinesis.streamSource.exists(consumer), true);
  const { records } = await kinesis.streamSource.read(consumer, FIRST, '0', { max: 1, signal: never });
  assert.equal(records[0]!.record['eventSourceARN'], consumer);
});
