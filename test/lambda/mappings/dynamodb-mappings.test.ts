import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { CreateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../../kit/started-platform.ts';
import { asynchronous } from '../events/recording-function.ts';
import { advancedUntil, mappedStream } from './mapped-stream.ts';

const server = await asynchronous();
const { platform, lambda } = server;
const dynamo = new DynamoDBClient(clientSettings(platform));
const sqs = new SQSClient(clientSettings(platform));
const sns = new SNSClient(clientSettings(platform));
after(() => {
  for (const client of [dynamo, sqs, sns]) client.destroy();
});

/** A table with a stream; the ARN of that. */
async function streamOf(TableName: string): Promise<string> {
  const { TableDescription } = await dynamo.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  return TableDescription!.LatestStreamArn!;
}

const put = (TableName: string, pk: string, n: number) =>
  dynamo.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, n: { N: `${n}` } } }));

test('a function gets the changes of a table as AWS hands them out', async () => {
  const EventSourceArn = await streamOf('changes');
  const mapped = await mappedStream(server, 'changes', { EventSourceArn });
  await put('changes', 'a', 1);
  await mapped.received(1);
  await dynamo.send(new DeleteItemCommand({ TableName: 'changes', Key: { pk: { S: 'a' } } }));
  await mapped.received(2);
  const records = (await mapped.events()).flatMap(({ Records }) => Records) as unknown as {
    eventID: string;
    dynamodb: { SequenceNumber: string; ApproximateCreationDateTime: number };
  }[];
  const [{ eventID, dynamodb, ...insert }, removal] = records as [(typeof records)[0], (typeof records)[0]];
  const { SequenceNumber, ApproximateCreationDateTime, ...image } = dynamodb;
  assert.match(eventID, /^[0-9a-f]{32}$/);
  assert.match(SequenceNumber, /^\d+$/);
  assert.equal(ApproximateCreationDateTime, Math.floor(platform.clock.now() / 1_000));
  // Recorded as "test_dynamodb_report_batch_item_success_scenarios".
  assert.deepEqual(insert, {
    eventName: 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    eventSourceARN: EventSourceArn,
  });
  assert.deepEqual(image, {
    Keys: { pk: { S: 'a' } },
    NewImage: { pk: { S: 'a' }, n: { N: '1' } },
    SizeBytes: 9,
    StreamViewType: 'NEW_IMAGE',
  });
  assert.equal((removal as unknown as { eventName: string }).eventName, 'REMOVE');
});

test('filters look at the record as it is', async () => {
  const EventSourceArn = await streamOf('filtered');
  const Pattern = '{"eventName":["INSERT"],"dynamodb":{"NewImage":{"n":{"N":["2"]}}}}';
  const mapped = await mappedStream(server, 'filtered', {
    EventSourceArn,
    FilterCriteria: { Filters: [{ Pattern }] },
  });
  for (const n of [1, 2, 3]) await put('filtered', `${n}`, n);
  await put('filtered', '2', 2);
  await put('filtered', '4', 2);
  await mapped.received(2);
  assert.deepEqual((await mapped.batches()).flat(), ['2', '2']);
});

test('items keep their order while others are worked on side by side', async () => {
  const EventSourceArn = await streamOf('ordered');
  for (let n = 0; n < 30; n += 1) await put('ordered', 'abc'[n % 3]!, n);
  const mapped = await mappedStream(server, 'ordered', {
    EventSourceArn,
    ParallelizationFactor: 10,
    BatchSize: 4,
  });
  await mapped.received(30);
  const numbers = (await mapped.batches()).flat().map(Number);
  for (const rest of [0, 1, 2]) {
    const ofKey = numbers.filter((n) => n % 3 === rest);
    assert.deepEqual(
      ofKey,
      ofKey.toSorted((a, b) => a - b),
    );
  }
});

test('a topic gets to know of what is given up', async () => {
  const EventSourceArn = await streamOf('dropped');
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'dropped' }));
  const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:told';
  const Principal = { Service: 'sns.amazonaws.com' };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: Endpoint }];
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({
      QueueName: 'told',
      Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) },
    }),
  );
  await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes: { RawMessageDelivery: 'true' } }),
  );
  await mappedStream(
    server,
    'dropped',
    { EventSourceArn, MaximumRetryAttempts: 1, DestinationConfig: { OnFailure: { Destination: TopicArn } } },
    'exports.handler = async () => { throw new Error("always"); };',
  );
  await put('dropped', 'a', 1);
  const arrival = `${new Date(platform.clock.now()).toISOString().slice(0, 19)}Z`;
  let body: string | undefined;
  await advancedUntil(platform, async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    body = Messages[0]?.Body;
    return body !== undefined;
  });
  const { requestContext, responseContext, DDBStreamBatchInfo } = JSON.parse(body!) as Record<
    string,
    Record<string, unknown>
  >;
  // Recorded as "test_dynamodb_event_source_mapping_with_sns_on_failure_destination_config".
  assert.deepEqual(
    [requestContext!['condition'], requestContext!['approximateInvokeCount']],
    ['RetryAttemptsExhausted', 2],
  );
  assert.deepEqual(responseContext, {
    statusCode: 200,
    executedVersion: '$LATEST',
    functionError: 'Unhandled',
  });
  const { shardId, startSequenceNumber, endSequenceNumber, ...info } = DDBStreamBatchInfo!;
  assert.match(String(shardId), /^shardId-/);
  assert.equal(startSequenceNumber, endSequenceNumber);
  assert.deepEqual(info, {
    approximateArrivalOfFirstRecord: arrival,
    approximateArrivalOfLastRecord: arrival,
    batchSize: 1,
    streamArn: EventSourceArn,
  });
});

test('a place in time is none of a table’s stream', async () => {
  const EventSourceArn = await streamOf('timeless');
  await server.create('timeless');
  await assert.rejects(
    lambda.send(
      new CreateEventSourceMappingCommand({
        EventSourceArn,
        FunctionName: 'timeless',
        StartingPosition: 'AT_TIMESTAMP',
        StartingPositionTimestamp: new Date(),
      }),
    ),
    // Recorded as "test_create_event_source_validation".
    {
      name: 'InvalidParameterValueException',
      message: `Unsupported starting position for arn type: ${EventSourceArn}`,
    },
  );
});
