import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  KinesisClient,
  PutRecordCommand,
  SplitShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { CreateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { clientSettings } from '../kit/started-platform.ts';
import type { MappedStream } from '../lambda/mappings/mapped-stream.ts';
import { advancedUntil, mappedStream } from '../lambda/mappings/mapped-stream.ts';
import { twoServers } from './two-servers.ts';

const server = await twoServers(['kinesis', 'dynamodb']);
const kinesis = new KinesisClient(clientSettings(server.other));
const dynamo = new DynamoDBClient(clientSettings(server.other));

async function stream(StreamName: string): Promise<string> {
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await waitUntilStreamExists({ client: kinesis, maxWaitTime: 20, minDelay: 0.05 }, { StreamName });
  return `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`;
}

async function put(StreamName: string, ...texts: readonly string[]): Promise<void> {
  for (const text of texts)
    await kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: text, Data: Buffer.from(text) }));
}

/** Shards are polled by service time. */
function received(mapped: MappedStream, count: number): Promise<void> {
  return advancedUntil(server.platform, async () => (await mapped.batches()).flat().length >= count);
}

test('a mapping polls a stream of Kinesis elsewhere, from its beginning and through a split', async () => {
  const EventSourceArn = await stream('orders');
  await put('orders', 'a', 'b');
  const mapped = await mappedStream(server, 'orders', { EventSourceArn });
  await received(mapped, 2);
  const [{ Records: [first] = [] } = {}] = (await mapped.events()) as unknown as {
    Records: Record<string, unknown>[];
  }[];
  const { kinesis: data, eventID, ...envelope } = first!;
  const { sequenceNumber, approximateArrivalTimestamp, ...content } = data as Record<string, unknown>;
  assert.equal(eventID, `shardId-000000000000:${String(sequenceNumber)}`);
  assert.equal(typeof approximateArrivalTimestamp, 'number');
  assert.deepEqual(content, { kinesisSchemaVersion: '1.0', partitionKey: 'a', data: 'YQ==' });
  assert.deepEqual(envelope, {
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/r',
    awsRegion: 'us-east-1',
    eventSourceARN: EventSourceArn,
  });
  const half = String(2n ** 127n);
  await kinesis.send(
    new SplitShardCommand({
      StreamName: 'orders',
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: half,
    }),
  );
  await waitUntilStreamExists({ client: kinesis, maxWaitTime: 20, minDelay: 0.05 }, { StreamName: 'orders' });
  await put('orders', ...Array.from({ length: 10 }, (_, index) => `after ${index}`));
  await received(mapped, 12);
  assert.equal((await mapped.batches()).flat().length, 12);
});

test('from LATEST on, what was there before does not come', async () => {
  const EventSourceArn = await stream('late');
  await put('late', 'before');
  const mapped = await mappedStream(server, 'late', { EventSourceArn, StartingPosition: 'LATEST' });
  await put('late', 'after');
  await received(mapped, 1);
  assert.deepEqual(await mapped.batches(), [['after']]);
});

test('a stream that is not there is none', async () => {
  const { FunctionName } = { FunctionName: 'late' };
  for (const EventSourceArn of [
    'arn:aws:kinesis:us-east-1:000000000000:stream/none',
    'arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2026-01-01T00:00:00.000',
  ]) {
    await assert.rejects(
      server.lambda.send(
        new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn, StartingPosition: 'LATEST' }),
      ),
      { name: 'InvalidParameterValueException', message: `Stream not found: ${EventSourceArn}` },
    );
  }
});

test('a mapping polls the stream of a table elsewhere', async () => {
  const { TableDescription } = await dynamo.send(
    new CreateTableCommand({
      TableName: 'items',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'B' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  await waitUntilTableExists({ client: dynamo, maxWaitTime: 20, minDelay: 0.05 }, { TableName: 'items' });
  const EventSourceArn = TableDescription!.LatestStreamArn!;
  const mapped = await mappedStream(server, 'items', { EventSourceArn });
  await dynamo.send(
    new PutItemCommand({ TableName: 'items', Item: { id: { B: Uint8Array.of(1) }, n: { N: '7' } } }),
  );
  await received(mapped, 1);
  const [{ Records: [record] = [] } = {}] = (await mapped.events()) as unknown as {
    Records: Record<string, unknown>[];
  }[];
  const { dynamodb, eventID, ...envelope } = record!;
  const { SequenceNumber, ApproximateCreationDateTime, SizeBytes, ...change } = dynamodb as Record<
    string,
    unknown
  >;
  assert.ok(eventID && SequenceNumber && SizeBytes && Number(ApproximateCreationDateTime) > 1e9);
  assert.deepEqual(change, {
    Keys: { id: { B: 'AQ==' } },
    NewImage: { id: { B: 'AQ==' }, n: { N: '7' } },
    StreamViewType: 'NEW_IMAGE',
  });
  assert.deepEqual(envelope, {
    eventName: 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    eventSourceARN: EventSourceArn,
  });
});
