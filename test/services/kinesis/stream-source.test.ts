import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ShardRead } from '../../../src/ports/stream-source.ts';
import { openTestKinesis, REGION } from './opened-kinesis.ts';

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
  assert.equal(kinesis.streamSource.exists(arn), true);
  assert.equal(kinesis.streamSource.exists(`${arn}2`), false);
  assert.equal(kinesis.streamSource.exists(`${arn}/consumer/c:1`), false);
  await assert.rejects(kinesis.streamSource.shards(`${arn}2`), { code: 'ResourceNotFoundException' });
});
