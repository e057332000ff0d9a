import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { clientSettings } from '../../kit/started-platform.ts';
import { PipesTester } from './pipes-tester.ts';

/** Streams and tables are CREATING for less than that. */
const MADE_WITHIN_MS = 60_000;

/** A client and the ARN of a new stream of one shard. */
async function newStream(context: TestContext, pipes: PipesTester, name: string) {
  const client = new KinesisClient(clientSettings(pipes.platform));
  context.after(() => client.destroy());
  const StreamName = pipes.unique(name);
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await pipes.platform.clock.advance(MADE_WITHIN_MS);
  const put = async (...data: readonly string[]): Promise<void> => {
    const Records = data.map((text) => ({ Data: Buffer.from(text), PartitionKey: text.slice(0, 1) }));
    await client.send(new PutRecordsCommand({ StreamName, Records }));
  };
  return { arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`, put };
}

const FROM_START = { KinesisStreamParameters: { StartingPosition: 'TRIM_HORIZON' } } as const;

test('records of a stream are flat in a pipe, and come in order', async (context) => {
  const pipes = await PipesTester.start(context);
  const stream = await newStream(context, pipes, 'stream');
  const queue = await pipes.queue('of-stream');
  await stream.put('first', 'second');
  await pipes.pipe('of-stream', stream.arn, queue, { SourceParameters: FROM_START });
  const records = (await pipes.bodies(queue, 2)).map((body) => JSON.parse(body));
  const { sequenceNumber, approximateArrivalTimestamp, eventID, ...record } = records[0];
  assert.match(eventID, new RegExp(`^shardId-000000000000:${sequenceNumber}$`));
  assert.equal(typeof approximateArrivalTimestamp, 'number');
  assert.deepEqual(record, {
    kinesisSchemaVersion: '1.0',
    partitionKey: 'f',
    data: Buffer.from('first').toString('base64'),
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventName: 'aws:kinesis:record',
    awsRegion: 'us-east-1',
    eventSourceARN: stream.arn,
  });
  assert.equal(Buffer.from(records[1].data, 'base64').toString(), 'second');
});

test('filters and templates look into the data of records', async (context) => {
  const pipes = await PipesTester.start(context);
  const stream = await newStream(context, pipes, 'looked-into');
  const queue = await pipes.queue('looked-into');
  await stream.put('{"kind":"a","n":1}', '{"kind":"b","n":2}', '{"kind":"a","n":3}');
  await pipes.pipe('looked-into', stream.arn, queue, {
    SourceParameters: {
      ...FROM_START,
      FilterCriteria: { Filters: [{ Pattern: '{"data":{"kind":["a"]}}' }] },
    },
    TargetParameters: { InputTemplate: '<$.data.n>' },
  });
  assert.deepEqual((await pipes.bodies(queue, 2)).sort(), ['1', '3']);
});

test('from stream to stream, keys are taken out of the events', async (context) => {
  const pipes = await PipesTester.start(context);
  const [from, to] = [await newStream(context, pipes, 'src'), await newStream(context, pipes, 'dst')];
  const queue = await pipes.queue('keys');
  await pipes.pipe('first-leg', from.arn, to.arn, {
    SourceParameters: FROM_START,
    TargetParameters: {
      InputTemplate: '<$.data>',
      KinesisStreamParameters: { PartitionKey: '$.data.key' },
    },
  });
  await pipes.pipe('second-leg', to.arn, queue, {
    SourceParameters: FROM_START,
    TargetParameters: { InputTemplate: '<$.partitionKey>' },
  });
  await from.put('{"key":"of-data"}');
  assert.deepEqual(await pipes.bodies(queue), ['of-data']);
});

test('a batch that fails for good is divided, and what is left of it is told to the dead-letter queue', async (context) => {
  const pipes = await PipesTester.start(context);
  const stream = await newStream(context, pipes, 'poisoned');
  const letters = await pipes.queue('poisoned');
  const target = await pipes.function(
    'poisoned',
    'async (events) => { if (events.some(({ data }) => atob(data) === "poison")) throw new Error("no"); }',
  );
  await stream.put('a', 'poison', 'b');
  const name = await pipes.pipe('poisoned', stream.arn, target, {
    SourceParameters: {
      KinesisStreamParameters: {
        StartingPosition: 'TRIM_HORIZON',
        MaximumRetryAttempts: 1,
        OnPartialBatchItemFailure: 'AUTOMATIC_BISECT',
        DeadLetterConfig: { Arn: letters },
      },
    },
  });
  const given: string[] = [];
  while (given.length === 0) {
    await pipes.platform.clock.advance(5_000);
    given.push(...(await pipes.arrived(letters)).map(({ Body }) => Body!));
  }
  assert.equal(given.length, 1);
  const { timestamp, KinesisBatchInfo, ...rest } = JSON.parse(given[0]!);
  assert.match(timestamp, /^\d{4}-.*Z$/);
  assert.deepEqual(rest, {
    context: {
      partnerResourceArn: `arn:aws:pipes:us-east-1:000000000000:pipe/${name}`,
      condition: 'RetryAttemptsExhausted',
    },
    version: '1.0',
  });
  const { startSequenceNumber, endSequenceNumber, batchSize, streamArn, shardId } = KinesisBatchInfo;
  assert.equal(startSequenceNumber, endSequenceNumber);
  assert.deepEqual([batchSize, streamArn, shardId], [1, stream.arn, 'shardId-000000000000']);
});

test('changes of a table go through a pipe as the stream has them', async (context) => {
  const pipes = await PipesTester.start(context);
  const tables = new DynamoDBClient(clientSettings(pipes.platform));
  context.after(() => tables.destroy());
  const TableName = pipes.unique('table');
  const { TableDescription } = await tables.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  await pipes.platform.clock.advance(MADE_WITHIN_MS);
  const queue = await pipes.queue('changes');
  await pipes.pipe('changes', TableDescription!.LatestStreamArn!, queue, {
    SourceParameters: { DynamoDBStreamParameters: { StartingPosition: 'TRIM_HORIZON' } },
    TargetParameters: {
      InputTemplate: '{"what": <$.eventName>, "id": <$.dynamodb.Keys.id.S>, "n": <$.dynamodb.NewImage.n.N>}',
    },
  });
  await tables.send(new PutItemCommand({ TableName, Item: { id: { S: 'x' }, n: { N: '7' } } }));
  const [body] = await pipes.bodies(queue);
  assert.deepEqual(JSON.parse(body!), { what: 'INSERT', id: 'x', n: '7' });
});
