/** Streams tell of every change of an item, once and in order. Records as AWS recorded them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DynamoDBClient, StreamViewType } from '@aws-sdk/client-dynamodb';
import {
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  PutItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import type { Shard, _Record as StreamedRecord } from '@aws-sdk/client-dynamodb-streams';
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { Dynamo } from './dynamodb-client.ts';
import { createTable, put, sharedDynamo, startedDynamo } from './dynamodb-client.ts';

const PROVISIONED = {
  BillingMode: 'PROVISIONED' as const,
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
};

async function streamedTable(
  client: DynamoDBClient,
  name: string,
  viewType: StreamViewType,
  settings: object = PROVISIONED,
): Promise<string> {
  await createTable(client, name, {
    sort: 'none',
    ...settings,
    StreamSpecification: { StreamEnabled: true, StreamViewType: viewType },
  });
  const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
  return Table!.LatestStreamArn!;
}

async function shardsOf({ streams }: Dynamo, arn: string): Promise<Shard[]> {
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: arn }));
  return StreamDescription!.Shards!;
}

/** Everything in a shard, from its beginning. */
async function recordsOf({ streams }: Dynamo, arn: string, shard: Shard): Promise<StreamedRecord[]> {
  const { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({
      StreamArn: arn,
      ShardId: shard.ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records } = await streams.send(new GetRecordsCommand({ ShardIterator }));
  return Records!;
}

async function allRecords(dynamo: Dynamo, arn: string): Promise<StreamedRecord[]> {
  const records = [];
  for (const shard of await shardsOf(dynamo, arn)) records.push(...(await recordsOf(dynamo, arn, shard)));
  return records;
}

test('a stream of both images tells of puts, changes and removals as AWS does', async (context) => {
  const dynamo = await sharedDynamo(context);
  const { client } = dynamo;
  const arn = await streamedTable(client, 'images', 'NEW_AND_OLD_IMAGES');
  const bytes = { B: Uint8Array.of(0x90) };
  await put(client, 'images', { pk: { S: 'Fred' } });
  // Nothing changes, and nothing is told.
  await put(client, 'images', { pk: { S: 'Fred' } });
  await put(client, 'images', { pk: { S: 'Fred' }, data: bytes });
  await put(client, 'images', { data: bytes, pk: { S: 'Fred' } });
  await client.send(new DeleteItemCommand({ TableName: 'images', Key: { pk: { S: 'Fred' } } }));
  await client.send(new DeleteItemCommand({ TableName: 'images', Key: { pk: { S: 'Fred' } } }));

  const records = await allRecords(dynamo, arn);
  assert.equal(new Set(records.map(({ eventID }) => eventID)).size, 3);
  const numbers = records.map(({ dynamodb }) => dynamodb!.SequenceNumber!);
  assert.deepEqual(numbers, [...numbers].sort());
  for (const number of numbers) assert.match(number, /^\d{21,40}$/);
  const told = records.map(({ eventID: _, dynamodb, ...rest }) => {
    const { SequenceNumber: __, ApproximateCreationDateTime, ...change } = dynamodb!;
    assert.equal(ApproximateCreationDateTime!.getMilliseconds(), 0);
    return { ...rest, dynamodb: change };
  });
  const envelope = { awsRegion: 'us-east-1', eventSource: 'aws:dynamodb', eventVersion: '1.1' };
  const Keys = { pk: { S: 'Fred' } };
  const whole = { pk: { S: 'Fred' }, data: bytes };
  const StreamViewType = 'NEW_AND_OLD_IMAGES';
  assert.deepEqual(told, [
    { ...envelope, eventName: 'INSERT', dynamodb: { Keys, NewImage: Keys, SizeBytes: 12, StreamViewType } },
    {
      ...envelope,
      eventName: 'MODIFY',
      dynamodb: { Keys, NewImage: whole, OldImage: Keys, SizeBytes: 23, StreamViewType },
    },
    { ...envelope, eventName: 'REMOVE', dynamodb: { Keys, OldImage: whole, SizeBytes: 17, StreamViewType } },
  ]);
});

test('a stream holds what its view type says', async (context) => {
  const dynamo = await sharedDynamo(context);
  const { client } = dynamo;
  const expected = {
    KEYS_ONLY: [['SizeBytes'], ['SizeBytes']],
    NEW_IMAGE: [
      ['NewImage', 'SizeBytes'],
      ['NewImage', 'SizeBytes'],
    ],
    OLD_IMAGE: [['SizeBytes'], ['OldImage', 'SizeBytes']],
  } as const;
  for (const [viewType, members] of Object.entries(expected)) {
    const name = `view-${viewType}`;
    const arn = await streamedTable(client, name, viewType as StreamViewType);
    await put(client, name, { pk: { S: 'p' } }, { pk: { S: 'p' }, a: { S: 'x' } });
    const found = (await allRecords(dynamo, arn)).map(({ dynamodb }) =>
      Object.keys(dynamodb!).filter((member) => /Image|Size/.test(member)),
    );
    assert.deepEqual(found, members, viewType);
  }
});

test('a stream on demand has four shards, and each key stays in one of them', async (context) => {
  const dynamo = await sharedDynamo(context);
  const { client } = dynamo;
  const arn = await streamedTable(client, 'spread', 'KEYS_ONLY', {});
  const shards = await shardsOf(dynamo, arn);
  assert.equal(shards.length, 4);
  for (let round = 0; round < 3; round++) {
    for (let key = 0; key < 12; key++) {
      await put(client, 'spread', { pk: { S: `k${key}` }, round: { N: String(round) } });
    }
  }
  const shardOfKey = new Map<string, number>();
  let count = 0;
  for (const [index, shard] of shards.entries()) {
    for (const { dynamodb } of await recordsOf(dynamo, arn, shard)) {
      count += 1;
      const key = dynamodb!.Keys!['pk']!.S!;
      assert.equal(shardOfKey.get(key) ?? index, index, `${key} is in two shards`);
      shardOfKey.set(key, index);
    }
  }
  assert.equal(count, 36);
  assert.ok(new Set(shardOfKey.values()).size > 1, 'keys are spread');
});

test('iterators begin where they say, and go on after what was read', async (context) => {
  const { client, streams } = await sharedDynamo(context);
  const StreamArn = await streamedTable(client, 'places', 'KEYS_ONLY');
  for (const key of ['a', 'b', 'c']) await put(client, 'places', { pk: { S: key } });
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const ShardId = StreamDescription!.Shards![0]!.ShardId;
  const keysFrom = async (settings: object, Limit = 1000) => {
    const request = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const, ...settings };
    const { ShardIterator } = await streams.send(new GetShardIteratorCommand(request));
    const page = await streams.send(new GetRecordsCommand({ ShardIterator, Limit }));
    return { page, keys: page.Records!.map(({ dynamodb }) => dynamodb!.Keys!['pk']!.S) };
  };
  const first = await keysFrom({}, 2);
  assert.deepEqual(first.keys, ['a', 'b']);
  const next = await streams.send(new GetRecordsCommand({ ShardIterator: first.page.NextShardIterator }));
  assert.deepEqual(
    next.Records!.map(({ dynamodb }) => dynamodb!.Keys!['pk']!.S),
    ['c'],
  );
  const SequenceNumber = first.page.Records![1]!.dynamodb!.SequenceNumber;
  assert.deepEqual((await keysFrom({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber })).keys, [
    'b',
    'c',
  ]);
  assert.deepEqual((await keysFrom({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber })).keys, [
    'c',
  ]);
  const latest = await keysFrom({ ShardIteratorType: 'LATEST' });
  assert.deepEqual(latest.keys, []);
  await put(client, 'places', { pk: { S: 'd' } });
  const new_ = await streams.send(new GetRecordsCommand({ ShardIterator: latest.page.NextShardIterator }));
  assert.deepEqual(
    new_.Records!.map(({ dynamodb }) => dynamodb!.Keys!['pk']!.S),
    ['d'],
  );
});

test('what is read at once ends with the record that fills a megabyte', async (context) => {
  const { client, streams } = await sharedDynamo(context);
  // What it has left of five minutes lasts for these, and it has one shard.
  const StreamArn = await streamedTable(client, 'large', 'NEW_IMAGE', {
    ...PROVISIONED,
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 10 },
  });
  const text = { S: 'x'.repeat(300 * 1024) };
  const keys = ['1', '2', '3', '4', '5'];
  for (const key of keys) await put(client, 'large', { pk: { S: key }, text });
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const { ShardId } = StreamDescription!.Shards![0]!;
  const first = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
  let { ShardIterator } = await streams.send(new GetShardIteratorCommand(first));
  const pages = [];
  for (const _ of ['full', 'rest', 'empty']) {
    const { Records, NextShardIterator } = await streams.send(new GetRecordsCommand({ ShardIterator }));
    pages.push(Records!.map(({ dynamodb }) => dynamodb!.Keys!['pk']!.S));
    ShardIterator = NextShardIterator;
  }
  assert.deepEqual(pages, [['1', '2', '3', '4'], ['5'], []]);
});

test('a shard ends after four hours and has a child; records go after a day', async (context) => {
  const dynamo = await startedDynamo(context);
  const { client, platform } = dynamo;
  const arn = await streamedTable(client, 'aging', 'KEYS_ONLY');
  await put(client, 'aging', { pk: { S: 'old' } });
  const HOUR_MS = 3_600_000;
  await platform.clock.advance(4 * HOUR_MS);
  await put(client, 'aging', { pk: { S: 'new' } });
  const [parent, child] = await shardsOf(dynamo, arn);
  assert.ok(parent!.SequenceNumberRange!.EndingSequenceNumber !== undefined);
  assert.equal(child!.ParentShardId, parent!.ShardId);
  assert.equal(child!.SequenceNumberRange!.EndingSequenceNumber, undefined);
  assert.equal((await recordsOf(dynamo, arn, parent!)).length, 1);
  assert.equal((await recordsOf(dynamo, arn, child!)).length, 1);
  await platform.clock.advance(21 * HOUR_MS);
  assert.equal((await recordsOf(dynamo, arn, child!)).length, 1);
  await platform.clock.advance(5 * HOUR_MS);
  assert.equal((await allRecords(dynamo, arn)).length, 0);
});

test('what has expired is removed by the clock, and the stream says by whom', async (context) => {
  const dynamo = await startedDynamo(context);
  const { client, platform } = dynamo;
  const arn = await streamedTable(client, 'expiring', 'OLD_IMAGE');
  const dueSeconds = Math.floor(platform.clock.now() / 1000) + 600;
  const expires = (seconds: number) => ({ N: String(seconds) });
  await put(client, 'expiring', { pk: { S: 'before' }, expires: expires(dueSeconds) });
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: 'expiring',
      TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' },
    }),
  );
  await put(
    client,
    'expiring',
    { pk: { S: 'after' }, expires: expires(dueSeconds) },
    { pk: { S: 'later' }, expires: expires(dueSeconds + 1000) },
    // Source: "Using time to live": what expired more than five years ago stays.
    { pk: { S: 'ancient' }, expires: expires(1000) },
    { pk: { S: 'text' }, expires: { S: '1000' } },
  );
  const count = async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'expiring' }));
    return Table!.ItemCount;
  };
  await platform.clock.advance(590_000);
  assert.equal(await count(), 5);
  await platform.clock.advance(20_000);
  assert.equal(await count(), 3);
  const removed = (await allRecords(dynamo, arn)).filter(({ eventName }) => eventName === 'REMOVE');
  assert.deepEqual(removed.map(({ dynamodb }) => dynamodb!.OldImage!['pk']!.S).sort(), ['after', 'before']);
  for (const { userIdentity } of removed) {
    assert.deepEqual(userIdentity, { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' });
  }
  await client.send(new DeleteItemCommand({ TableName: 'expiring', Key: { pk: { S: 'later' } } }));
  assert.equal((await allRecords(dynamo, arn)).at(-1)!.userIdentity, undefined);
  await platform.clock.advance(2_000_000);
  assert.equal(await count(), 2);
});

test('a stream that is turned off ends, stays for a day, and another begins', async (context) => {
  const dynamo = await startedDynamo(context);
  const { client, streams, platform } = dynamo;
  const arn = await streamedTable(client, 'ending', 'KEYS_ONLY');
  await put(client, 'ending', { pk: { S: 'a' } });
  const turn = (StreamSpecification: object) =>
    client.send(new UpdateTableCommand({ TableName: 'ending', StreamSpecification } as never));
  await turn({ StreamEnabled: false });
  await client.send(new PutItemCommand({ TableName: 'ending', Item: { pk: { S: 'untold' } } }));
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: arn }));
  assert.equal(StreamDescription!.StreamStatus, 'DISABLED');
  assert.ok(StreamDescription!.Shards![0]!.SequenceNumberRange!.EndingSequenceNumber);
  assert.equal((await allRecords(dynamo, arn)).length, 1);
  await platform.clock.advance(1000);
  await turn({ StreamEnabled: true, StreamViewType: 'NEW_IMAGE' });
  const listed = await streams.send(new ListStreamsCommand({ TableName: 'ending' }));
  assert.equal(listed.Streams!.length, 2);
  await client.send(new DeleteTableCommand({ TableName: 'ending' }));
  assert.equal((await allRecords(dynamo, arn)).length, 1);
  await platform.clock.advance(26 * 3_600_000);
  assert.deepEqual((await streams.send(new ListStreamsCommand({}))).Streams, []);
});
