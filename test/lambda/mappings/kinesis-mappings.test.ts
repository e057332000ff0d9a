import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import {
  CreateEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { metricOf } from '../events/metric-totals.ts';
import { asynchronous, openAsynchronous } from '../events/recording-function.ts';
import { advancedUntil, inState, mappedStream } from './mapped-stream.ts';

const server = await asynchronous();
const { platform, lambda } = server;
const kinesis = new KinesisClient(clientSettings(platform));
const sqs = new SQSClient(clientSettings(platform));
const s3 = new S3Client({ ...clientSettings(platform), forcePathStyle: true });
after(() => {
  for (const client of [kinesis, sqs, s3]) client.destroy();
});

const arnOf = (name: string) => `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`;

async function stream(name: string, ShardCount = 1): Promise<string> {
  await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount }));
  await active(name);
  return arnOf(name);
}

async function active(StreamName: string): Promise<void> {
  await advancedUntil(platform, async () => {
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    return StreamDescriptionSummary?.StreamStatus === 'ACTIVE';
  });
}

const put = (StreamName: string, data: string, PartitionKey = 'key') =>
  kinesis.send(new PutRecordCommand({ StreamName, Data: Buffer.from(data), PartitionKey }));
const described = async (UUID: string) => lambda.send(new GetEventSourceMappingCommand({ UUID }));

test('a mapping of a stream answers with what is recorded of one, and tells of its last invocation', async () => {
  const EventSourceArn = await stream('described');
  const mapped = await mappedStream(server, 'described', { EventSourceArn });
  const { UUID, LastModified: _modified, $metadata: _metadata, ...rest } = await described(mapped.uuid);
  // Recorded as "test_kinesis_event_source_trim_horizon".
  assert.deepEqual(rest, {
    BatchSize: 100,
    BisectBatchOnFunctionError: false,
    DestinationConfig: { OnFailure: {} },
    EventSourceArn,
    EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${UUID}`,
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:described',
    FunctionResponseTypes: [],
    LastProcessingResult: 'No records processed',
    MaximumBatchingWindowInSeconds: 0,
    MaximumRecordAgeInSeconds: -1,
    MaximumRetryAttempts: -1,
    ParallelizationFactor: 1,
    StartingPosition: 'TRIM_HORIZON',
    State: 'Enabled',
    StateTransitionReason: 'User action',
    TumblingWindowInSeconds: 0,
  });
  const lastResult = async (wanted: string) => {
    while ((await described(mapped.uuid)).LastProcessingResult !== wanted);
  };
  await put('described', 'good');
  await lastResult('OK');
  await put('described', 'fail');
  await lastResult('PROBLEM: Function call failed');
});

test('a function gets records as AWS hands them out', async () => {
  const EventSourceArn = await stream('handed');
  const mapped = await mappedStream(server, 'handed', { EventSourceArn });
  const { SequenceNumber, ShardId } = await put('handed', '{"n":1}', 'pk');
  await mapped.received(1);
  const nowS = platform.clock.now() / 1_000;
  // Recorded as "test_kinesis_event_source_trim_horizon", in this order.
  assert.equal(
    JSON.stringify(await mapped.events()),
    JSON.stringify([
      {
        Records: [
          {
            kinesis: {
              kinesisSchemaVersion: '1.0',
              partitionKey: 'pk',
              sequenceNumber: SequenceNumber,
              data: Buffer.from('{"n":1}').toString('base64'),
              approximateArrivalTimestamp: nowS,
            },
            eventSource: 'aws:kinesis',
            eventVersion: '1.0',
            eventID: `${ShardId}:${SequenceNumber}`,
            eventName: 'aws:kinesis:record',
            invokeIdentityArn: 'arn:aws:iam::000000000000:role/r',
            awsRegion: 'us-east-1',
            eventSourceARN: EventSourceArn,
          },
        ],
      },
    ]),
  );
});

test('LATEST gives what is put once the mapping is enabled, and nothing before', async () => {
  const EventSourceArn = await stream('latest');
  await put('latest', 'before');
  const mapped = await mappedStream(server, 'latest', { EventSourceArn, StartingPosition: 'LATEST' });
  await put('latest', 'after');
  await mapped.received(1);
  assert.deepEqual(await mapped.batches(), [['after']]);
});

test('a mapping that is disabled goes on where it was, by its new settings', async () => {
  const EventSourceArn = await stream('paused');
  const mapped = await mappedStream(server, 'paused', { EventSourceArn, StartingPosition: 'LATEST' });
  await put('paused', '1');
  await mapped.received(1);
  const UUID = mapped.uuid;
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
  await inState(lambda, UUID, 'Disabled');
  for (const data of ['2', '3', '4']) await put('paused', data);
  await lambda.send(
    new UpdateEventSourceMappingCommand({ UUID, Enabled: true, BatchSize: 2, ParallelizationFactor: 5 }),
  );
  await mapped.received(4);
  assert.deepEqual(await mapped.batches(), [['1'], ['2', '3'], ['4']]);
});

test('filters look into data that is JSON', async () => {
  const EventSourceArn = await stream('filtered');
  const Pattern = '{"data":{"city":["Tokyo"]},"partitionKey":["p"]}';
  const mapped = await mappedStream(server, 'filtered', {
    EventSourceArn,
    FilterCriteria: { Filters: [{ Pattern }] },
    MetricsConfig: { Metrics: ['EventCount'] },
  });
  await put('filtered', 'no JSON', 'p');
  await put('filtered', '{"city":"Oslo"}', 'p');
  await put('filtered', '{"city":"Tokyo"}', 'q');
  await put('filtered', '{"city":"Tokyo"}', 'p');
  await mapped.received(1);
  assert.deepEqual(await mapped.batches(), [['{"city":"Tokyo"}']]);
  const count = async (name: string) => countOf(name, mapped.uuid);
  assert.deepEqual([await count('PolledEventCount'), await count('FilteredOutEventCount')], [4, 3]);
});

test('what is given up goes to a queue as AWS tells of it, and the next records follow', async () => {
  const EventSourceArn = await stream('dropped');
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'dropped' }));
  const mapped = await mappedStream(server, 'dropped', {
    EventSourceArn,
    MaximumRetryAttempts: 3,
    BatchSize: 1,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:dropped' } },
  });
  const { SequenceNumber, ShardId } = await put('dropped', 'item');
  const arrival = new Date(platform.clock.now()).toISOString();
  await put('dropped', 'good');
  await mapped.received(1);
  await advancedUntil(platform, async () => (await mapped.batches()).flat().includes('good'));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  const { requestContext, timestamp, ...rest } = JSON.parse(Messages![0]!.Body!) as {
    requestContext: { requestId: string };
    timestamp: string;
  };
  const { requestId, ...context } = requestContext;
  assert.match(requestId, /^[0-9a-f-]{36}$/);
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  // Recorded as "test_kinesis_report_batch_item_failures".
  assert.deepEqual(context, {
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:dropped',
    condition: 'RetryAttemptsExhausted',
    approximateInvokeCount: 4,
  });
  assert.deepEqual(rest, {
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: null },
    version: '1.0',
    KinesisBatchInfo: {
      shardId: ShardId,
      startSequenceNumber: SequenceNumber,
      endSequenceNumber: SequenceNumber,
      approximateArrivalOfFirstRecord: arrival,
      approximateArrivalOfLastRecord: arrival,
      batchSize: 1,
      streamArn: EventSourceArn,
    },
  });
  assert.equal((await mapped.batches()).flat().filter((text) => text === 'item').length, 4);
});

test('a bucket gets the whole event of what is given up', async () => {
  const EventSourceArn = await stream('archived');
  await s3.send(new CreateBucketCommand({ Bucket: 'archived' }));
  const mapped = await mappedStream(server, 'archived', {
    EventSourceArn,
    MaximumRetryAttempts: 0,
    DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::archived' } },
  });
  const { ShardId } = await put('archived', 'fail');
  const keys = async () =>
    ((await s3.send(new ListObjectsV2Command({ Bucket: 'archived' }))).Contents ?? []).map(({ Key }) => Key!);
  while ((await keys()).length === 0);
  const [Key] = (await keys()) as [string];
  const day = new Date(platform.clock.now()).toISOString().slice(0, 10);
  const name = `^aws/lambda/${mapped.uuid}/${ShardId}/${day.replaceAll('-', '/')}/${day}T\\d\\d\\.\\d\\d\\.\\d\\d-[0-9a-f-]{36}$`;
  assert.match(Key, new RegExp(name));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'archived', Key }));
  const { payload, responseContext } = JSON.parse(await Body!.transformToString()) as Record<string, unknown>;
  assert.deepEqual([payload], await mapped.events());
  assert.deepEqual(responseContext, {
    statusCode: 200,
    executedVersion: '$LATEST',
    functionError: 'Unhandled',
  });
});

test('a destination that is gone holds records up until it is there again', async () => {
  const EventSourceArn = await stream('undelivered');
  const mapped = await mappedStream(server, 'undelivered', {
    EventSourceArn,
    MaximumRetryAttempts: 0,
    BatchSize: 1,
    DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:late' } },
  });
  await put('undelivered', 'fail');
  await put('undelivered', 'good');
  while ((await metricOf(platform, 'DestinationDeliveryFailures', 'undelivered')) === 0);
  assert.deepEqual(await mapped.batches(), [['fail']]);
  await sqs.send(new CreateQueueCommand({ QueueName: 'late' }));
  await advancedUntil(platform, async () => (await mapped.batches()).length === 2);
  assert.deepEqual(await mapped.batches(), [['fail'], ['good']]);
});

test('what a shard held before a split comes before what came after', async () => {
  const EventSourceArn = await stream('split');
  for (const data of ['1', '2']) await put('split', data);
  const { StreamDescription } = await kinesis.send(new DescribeStreamCommand({ StreamName: 'split' }));
  await kinesis.send(
    new SplitShardCommand({
      StreamName: 'split',
      ShardToSplit: StreamDescription!.Shards![0]!.ShardId,
      NewStartingHashKey: `${2n ** 127n}`,
    }),
  );
  await active('split');
  for (const data of ['3', '4']) await put('split', data);
  const mapped = await mappedStream(server, 'split', {
    EventSourceArn,
    ParallelizationFactor: 2,
    BatchSize: 1,
  });
  await mapped.received(4);
  assert.deepEqual((await mapped.batches()).flat(), ['1', '2', '3', '4']);
});

test('a window hands its state from batch to batch and ends with a last one', async () => {
  const EventSourceArn = await stream('windows');
  const mapped = await mappedStream(server, 'windows', { EventSourceArn, TumblingWindowInSeconds: 60 });
  const startMs = Math.floor(platform.clock.now() / 60_000) * 60_000;
  const second = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
  await put('windows', 'a');
  await mapped.received(1);
  await put('windows', 'b');
  await mapped.received(2);
  await platform.clock.advance(60_000);
  await put('windows', 'c');
  await mapped.received(3);
  const events = (await mapped.events()).map(({ Records, ...rest }) => ({ ...rest, count: Records.length }));
  const shared = {
    shardId: 'shardId-000000000000',
    eventSourceARN: EventSourceArn,
    isWindowTerminatedEarly: false,
  };
  const first = { start: second(startMs), end: second(startMs + 60_000) };
  const next = { start: second(startMs + 60_000), end: second(startMs + 120_000) };
  assert.deepEqual(events, [
    { ...shared, window: first, state: {}, isFinalInvokeForWindow: false, count: 1 },
    { ...shared, window: first, state: { count: 1 }, isFinalInvokeForWindow: false, count: 1 },
    { ...shared, window: first, state: { count: 2 }, isFinalInvokeForWindow: true, count: 0 },
    { ...shared, window: next, state: {}, isFinalInvokeForWindow: false, count: 1 },
  ]);
});

test('what cannot be a mapping of a stream is refused in AWS’s words', async () => {
  const EventSourceArn = await stream('refused');
  await mappedStream(server, 'refused', { EventSourceArn });
  const invalid = 'InvalidParameterValueException';
  const { UUID } = await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn,
      FunctionName: 'described',
      StartingPosition: 'LATEST',
    }),
  );
  const cases: readonly [object, string, string | RegExp][] = [
    [
      { StartingPosition: undefined },
      invalid,
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    ],
    [
      { StartingPosition: 'invalid' },
      'ValidationException',
      // Recorded, with the values in another order.
      /^1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: \[/,
    ],
    [{ EventSourceArn: arnOf('nothing') }, invalid, `Stream not found: ${arnOf('nothing')}`],
    [
      { FunctionName: 'described' },
      'ResourceConflictException',
      `The event source arn (" ${EventSourceArn} ") and function (" described ") provided mapping already exists. Please update or delete the existing mapping with UUID ${UUID}`,
    ],
    [
      { MaximumRecordAgeInSeconds: 59 },
      invalid,
      'MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)',
    ],
    [
      { ScalingConfig: { MaximumConcurrency: 2 } },
      invalid,
      'Unsupported ScalingConfig parameter for given event source mapping type.',
    ],
    [
      { FilterCriteria: { Filters: [{ Pattern: '{"data":' }] } },
      invalid,
      'Invalid filter pattern definition.',
    ],
    [{ TumblingWindowInSeconds: 1, ParallelizationFactor: 2 }, invalid, /ParallelizationFactor must be 1/],
    [{ StartingPosition: 'AT_TIMESTAMP' }, invalid, /StartingPositionTimestamp is required/],
    [{ StartingPositionTimestamp: new Date() }, invalid, /StartingPositionTimestamp is only valid/],
    [
      {
        DestinationConfig: { OnFailure: { Destination: 'arn:aws:lambda:us-east-1:000000000000:function:f' } },
      },
      invalid,
      /^The provided destination config .* is invalid\.$/,
    ],
    [{ LoggingConfig: { SystemLogLevel: 'INFO' } }, 'NotImplemented', /LoggingConfig/],
    [
      { DestinationConfig: { OnFailure: { Destination: 'kafka://topic' } } },
      invalid,
      /^The provided destination config .*kafka:\/\/topic.* is invalid\.$/,
    ],
  ];
  for (const [more, name, message] of cases) {
    const input = { EventSourceArn, FunctionName: 'refused', StartingPosition: 'LATEST' as const, ...more };
    await assert.rejects(lambda.send(new CreateEventSourceMappingCommand(input)), { name, message });
  }
});

test('the age of what a function gets is measured', async () => {
  const EventSourceArn = await stream('aged');
  await put('aged', 'old');
  await platform.clock.advance(5_000);
  const mapped = await mappedStream(server, 'aged', { EventSourceArn });
  await mapped.received(1);
  assert.equal(await metricOf(platform, 'IteratorAge', 'aged'), 5_000);
});

async function countOf(name: string, uuid: string): Promise<number> {
  const response = await fetch(`${platform.origin}/_selfsame/metrics`);
  const { metrics } = (await response.json()) as {
    readonly metrics: readonly { name: string; sum: number; dimensions: Record<string, string> }[];
  };
  const found = metrics.find(
    (metric) => metric.name === name && metric.dimensions['EventSourceMappingUUID'] === uuid,
  );
  return found?.sum ?? 0;
}

test('a server that is stopped and started goes on after the last batch', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const dataDir = join(directory, 'data');
  const first = await openAsynchronous(directory, { dataDir });
  const client = new KinesisClient(clientSettings(first.platform));
  const StreamName = 'lasting';
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await first.platform.clock.advance(60_000);
  const mapped = await mappedStream(first, 'lasting', { EventSourceArn: arnOf(StreamName) });
  const putWith = (to: KinesisClient, data: string) =>
    to.send(new PutRecordCommand({ StreamName, Data: Buffer.from(data), PartitionKey: 'key' }));
  await putWith(client, 'before');
  while (
    (await first.lambda.send(new GetEventSourceMappingCommand({ UUID: mapped.uuid })))
      .LastProcessingResult !== 'OK'
  );
  client.destroy();
  await first.close();
  const second = await openPlatform({ dataDir, isolation: 'process', frozenClock: true });
  const again = new KinesisClient(clientSettings(second));
  await putWith(again, 'after');
  await mapped.received(2);
  again.destroy();
  await second.close();
  assert.deepEqual(await mapped.batches(), [['before'], ['after']]);
});
