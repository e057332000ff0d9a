import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { SendMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings, openPlatform } from '../kit/started-platform.ts';
import { openAsynchronous } from '../lambda/events/recording-function.ts';
import { mappedQueue } from '../lambda/mappings/mapped-queue.ts';
import { advancedUntil } from '../lambda/mappings/mapped-stream.ts';

test('an endpoint that goes and comes back loses nothing', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-outage-'));
  context.after(() => rm(directory, { recursive: true }));
  const openOther = (port: number) =>
    openPlatform({ port, dataDir: join(directory, 'other'), pooledEnvironments: 0 });
  const before = await openOther(0);
  const port = Number(new URL(before.origin).port);
  const server = await openAsynchronous(directory, { endpoints: { sqs: before.origin } });
  context.after(() => server.close());

  const queue = await mappedQueue(server, 'orders');
  const Policy = JSON.stringify({
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: queue.queueArn }],
  });
  await queue.sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue.queueUrl, Attributes: { Policy } }));
  const sns = new SNSClient(clientSettings(server.platform));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'topic' }));
  const Attributes = { RawMessageDelivery: 'true' };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queue.queueArn, Attributes }));

  await before.close();
  await sns.send(new PublishCommand({ TopicArn, Message: 'published meanwhile' }));
  await assert.rejects(
    queue.sqs.send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: 'x' })),
    {
      name: 'ServiceUnavailable',
      message: new RegExp(`^The endpoint ${before.origin} of sqs gives no answer that can be used: connect`),
    },
  );

  const after = await openOther(port);
  context.after(() => after.close());
  const there = new SQSClient(clientSettings(after));
  const QueueUrl = `${after.origin}/000000000000/orders`;
  await there.send(new SendMessageCommand({ QueueUrl, MessageBody: 'sent afterwards' }));
  const bodies = async () => (await queue.records()).map(({ body }) => body).sort();
  await advancedUntil(server.platform, async () => (await bodies()).length === 2);
  assert.deepEqual(await bodies(), ['published meanwhile', 'sent afterwards']);
});
