/** Streams as Lambda and Pipes read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamSource } from '../../../src/ports/stream-source.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import type { OpenedDynamo } from './opened-dynamo.ts';
import { openedDynamo } from './opened-dynamo.ts';

const NEVER = new AbortController().signal;
const HOUR_MS = 3_600_000;

interface Read {
  readonly source: StreamSource;
  readonly arn: string;
  put(key: string, attributes?: object): Promise<unknown>;
}

async function streamed({ dynamo, call }: OpenedDynamo, viewType = 'NEW_AND_OLD_IMAGES'): Promise<Read> {
  const { TableDescription } = (await call('CreateTable', {
    TableName: 'table',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    StreamSpecification: { StreamEnabled: true, StreamViewType: viewType },
  })) as { TableDescription: { LatestStreamArn: string } };
  return {
    source: dynamo.streamSource,
    arn: TableDescription.LatestStreamArn,
    put: (key, attributes = {}) =>
      call('PutItem', { TableName: 'table', Item: { pk: { S: key }, ...attributes } }),
  };
}

test('a record is what Lambda hands to a function, with bytes in base64', async (context) => {
  const opened = await openedDynamo(context);
  const { source, arn, put } = await streamed(opened);
  await put('a', { bytes: { B: Buffer.from('xyz') }, set: { BS: [Buffer.from('q')] } });
  const [shard] = await source.shards(arn);
  const cursor = await source.open(arn, shard!.shardId, { at: 'TRIM_HORIZON' });
  const { records } = await source.read(arn, shard!.shardId, cursor, { max: 10, signal: NEVER });
  const [{ record, orderKey, sequenceNumber, arrivedAtMs }] = records as [(typeof records)[number]];
  const { eventID, ...rest } = record;
  assert.match(String(eventID), /^[0-9a-f]{32}$/);
  assert.equal(orderKey, '{"pk":{"S":"a"}}');
  assert.equal(arrivedAtMs, opened.clock.now());
  assert.deepEqual(rest, {
    eventName: 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(opened.clock.now() / 1000),
      Keys: { pk: { S: 'a' } },
      NewImage: { pk: { S: 'a' }, bytes: { B: 'eHl6' }, set: { BS: ['cQ=='] } },
      SequenceNumber: sequenceNumber,
      SizeBytes: 18,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    eventSourceARN: arn,
  });
});

test('a read waits for a record, and ends with its signal', async (context) => {
  const { source, arn, put } = await streamed(await openedDynamo(context));
  await put('before');
  const [shard] = await source.shards(arn);
  const cursor = await source.open(arn, shard!.shardId, { at: 'LATEST' });
  const reading = source.read(arn, shard!.shardId, cursor, { max: 10, signal: NEVER });
  await put('after');
  const { records, cursor: next } = await reading;
  assert.deepEqual(
    records.map(({ orderKey }) => orderKey),
    ['{"pk":{"S":"after"}}'],
  );
  const ending = new AbortController();
  const waiting = source.read(arn, shard!.shardId, next, { max: 10, signal: ending.signal });
  ending.abort();
  assert.deepEqual(await waiting, { records: [], cursor: next, isEnd: false });
});

test('a shard that is closed is read to its end, and its child is told of', async (context) => {
  const opened = await openedDynamo(context);
  const { source, arn, put } = await streamed(opened);
  const known = await source.shards(arn);
  const { shardId } = known[0]!;
  const changed = source.shardsChanged(arn, known, NEVER);
  await put('old');
  await opened.clock.advance(4 * HOUR_MS);
  await put('new');
  await changed;
  const shards = await source.shards(arn);
  assert.deepEqual(
    shards.map(({ parentShardIds }) => parentShardIds),
    [[], [shardId]],
  );
  const start = await source.open(arn, shardId, { at: 'TRIM_HORIZON' });
  const first = await source.read(arn, shardId, start, { max: 1, signal: NEVER });
  assert.equal(first.records.length, 1);
  const end = await source.read(arn, shardId, first.cursor, { max: 1, signal: NEVER });
  assert.deepEqual([end.records, end.isEnd], [[], true]);
  const child = shards[1]!.shardId;
  const cursor = await source.open(arn, child, { at: 'TRIM_HORIZON' });
  const { records } = await source.read(arn, child, cursor, { max: 5, signal: NEVER });
  assert.deepEqual(
    records.map(({ orderKey }) => orderKey),
    ['{"pk":{"S":"new"}}'],
  );
});

test('a shard that is gone, with what it held, is at its end', async (context) => {
  const opened = await openedDynamo(context);
  const { source, arn, put } = await streamed(opened);
  const { shardId } = (await source.shards(arn))[0]!;
  await put('old');
  const cursor = await source.open(arn, shardId, { at: 'TRIM_HORIZON' });
  await opened.clock.advance(4 * HOUR_MS);
  await put('in the next shard');
  opened.dynamo.begin();
  await opened.clock.advance(30 * HOUR_MS);
  const shardIds = (await source.shards(arn)).map((shard) => shard.shardId);
  assert.ok(!shardIds.includes(shardId), shardIds.join());
  assert.deepEqual(await source.read(arn, shardId, cursor, { max: 1, signal: NEVER }), {
    records: [],
    cursor,
    isEnd: true,
  });
});

test('a read of a stream that goes is woken, and throws', async (context) => {
  const opened = await openedDynamo(context);
  const { source, arn, put } = await streamed(opened);
  await put('a');
  const [shard] = await source.shards(arn);
  const cursor = await source.open(arn, shard!.shardId, { at: 'LATEST' });
  const reading = source.read(arn, shard!.shardId, cursor, { max: 1, signal: NEVER });
  await opened.call('DeleteTable', { TableName: 'table' });
  assert.equal((await reading).isEnd, true);
  assert.equal(await source.exists(arn), true);
  opened.dynamo.begin();
  await opened.clock.advance(26 * HOUR_MS);
  assert.equal(await source.exists(arn), false);
  await assert.rejects(source.shards(arn), { name: 'ResourceNotFoundException' });
});

test('what was made and written is there when the files are opened again', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openedDynamo(context, directory);
  const { arn, put } = await streamed(first, 'KEYS_ONLY');
  await put('a', { text: { S: 'kept' } });
  await first.close();
  const second = await openedDynamo(context, directory);
  const { Item } = (await second.call('GetItem', { TableName: 'table', Key: { pk: { S: 'a' } } })) as {
    Item: object;
  };
  assert.deepEqual(Item, { pk: { S: 'a' }, text: { S: 'kept' } });
  const { streamSource: source } = second.dynamo;
  const [shard] = await source.shards(arn);
  const cursor = await source.open(arn, shard!.shardId, { at: 'TRIM_HORIZON' });
  const { records } = await source.read(arn, shard!.shardId, cursor, { max: 5, signal: NEVER });
  assert.equal(records.length, 1);
});
