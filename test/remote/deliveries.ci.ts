import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../kit/started-platform.ts';
import { twoServers } from './two-servers.ts';

const { platform, other } = await twoServers(['sqs']);
const there = new SQSClient(clientSettings(other));

/** A queue that lets services in, and the next body that comes to it. */
async function queue(QueueName: string): Promise<{ arn: string; next(): Promise<string> }> {
  const arn = `arn:aws:sqs:us-east-1:000000000000:${QueueName}`;
  const Policy = JSON.stringify({
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: arn }],
  });
  const { QueueUrl } = await there.send(new CreateQueueCommand({ QueueName, Attributes: { Policy } }));
  const next = async (): Promise<string> => {
    const { Messages } = await there.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    return Messages?.[0]?.Body ?? '';
  };
  return { arn, next };
}

test('a topic here delivers to a queue elsewhere', async () => {
  const { arn, next } = await queue('of-topic');
  const sns = new SNSClient(clientSettings(platform));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'topic' }));
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: arn,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  await sns.send(new PublishCommand({ TopicArn, Message: 'from the topic' }));
  assert.equal(await next(), 'from the topic');
});

test('a rule here sends to a queue elsewhere', async () => {
  const { arn, next } = await queue('of-rule');
  const events = new EventBridgeClient(clientSettings(platform));
  await events.send(new PutRuleCommand({ Name: 'rule', EventPattern: '{"source":["shop"]}' }));
  await events.send(
    new PutTargetsCommand({ Rule: 'rule', Targets: [{ Id: 'q', Arn: arn, InputPath: '$.detail' }] }),
  );
  await events.send(
    new PutEventsCommand({ Entries: [{ Source: 'shop', DetailType: 'order', Detail: '{"order":7}' }] }),
  );
  assert.deepEqual(JSON.parse(await next()), { order: 7 });
});

test('a bucket here notifies a queue elsewhere, first with the test event', async () => {
  const { arn, next } = await queue('of-bucket');
  const s3 = new S3Client({ ...clientSettings(platform), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: 'bucket',
      NotificationConfiguration: { QueueConfigurations: [{ QueueArn: arn, Events: ['s3:ObjectCreated:*'] }] },
    }),
  );
  assert.equal(JSON.parse(await next()).Event, 's3:TestEvent');
  await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a/b', Body: 'x' }));
  assert.equal(JSON.parse(await next()).Records[0].s3.object.key, 'a/b');
});
