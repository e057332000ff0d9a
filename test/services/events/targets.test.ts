/** Targets of every service that takes events here. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import {
  CreateTopicCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { clientSettings } from '../../kit/started-platform.ts';
import { EventsTester } from './events-tester.ts';

const RoleArn = 'arn:aws:iam::000000000000:role/r';
const OWNER = 'us-east-1:000000000000';

function policy(Action: string, Resource: string, Service = 'events.amazonaws.com'): string {
  const Principal = { Service };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action, Resource }],
  });
}

function ended<T extends { destroy(): void }>(context: TestContext, client: T): T {
  context.after(() => client.destroy());
  return client;
}

test('a FIFO queue gets events in the group that was chosen', async (context) => {
  const events = await EventsTester.start(context);
  const bus = await events.bus();
  const queue = await events.queue('line.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  await events.rule(bus, { Arn: queue, SqsParameters: { MessageGroupId: 'g' } });
  const [id] = await events.put(bus, {});
  const [body] = await events.bodies(queue);
  assert.equal(JSON.parse(body!).id, id);
});

test('a topic gets events as messages', async (context) => {
  const events = await EventsTester.start(context);
  const sns = ended(context, new SNSClient(clientSettings(events.platform)));
  const bus = await events.bus();
  const ofTopic = policy(
    'sqs:SendMessage',
    `arn:aws:sqs:${OWNER}:${events.unique('topic')}`,
    'sns.amazonaws.com',
  );
  const queue = await events.queue('topic', { Policy: ofTopic });
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: events.unique('topic') }));
  const AttributeValue = policy('sns:Publish', TopicArn!);
  await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Policy', AttributeValue }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queue }));
  await events.rule(bus, { Arn: TopicArn! });
  const [id] = await events.put(bus, {});
  await events.platform.clock.advance(1);
  const [body] = await events.bodies(queue);
  assert.equal(JSON.parse(JSON.parse(body!).Message).id, id);
});

test('a stream gets events under the key at a path', async (context) => {
  const events = await EventsTester.start(context);
  const kinesis = ended(context, new KinesisClient(clientSettings(events.platform)));
  const bus = await events.bus();
  const StreamName = events.unique('stream');
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await events.platform.clock.advance(60_000);
  const Arn = `arn:aws:kinesis:${OWNER}:stream/${StreamName}`;
  await events.rule(bus, { Arn, RoleArn, KinesisParameters: { PartitionKeyPath: '$.detail.key' } });
  const [id] = await events.put(bus, { Detail: '{"key":"k"}' });
  await events.platform.clock.advance(0);
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
  assert.deepEqual(
    Records!.map(({ PartitionKey, Data }) => [PartitionKey, JSON.parse(Buffer.from(Data!).toString()).id]),
    [['k', id]],
  );
});

test('a log group gets events', async (context) => {
  const events = await EventsTester.start(context);
  const logs = ended(context, new CloudWatchLogsClient(clientSettings(events.platform)));
  const bus = await events.bus();
  const logGroupName = `/aws/events/${events.unique('log')}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  const Arn = `arn:aws:logs:${OWNER}:log-group:${logGroupName}`;
  const policyDocument = policy('logs:PutLogEvents', `${Arn}:*`);
  await logs.send(new PutResourcePolicyCommand({ policyName: events.unique('events'), policyDocument }));
  await events.rule(bus, { Arn });
  const [id] = await events.put(bus, {});
  await events.platform.clock.advance(0);
  const { events: found } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
  assert.deepEqual(
    found!.map(({ message }) => JSON.parse(message!).id),
    [id],
  );
});
