import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { clientSettings } from '../kit/started-platform.ts';
import { mappedQueue } from '../lambda/mappings/mapped-queue.ts';
import { twoServers, until } from './two-servers.ts';

const server = await twoServers(['sqs']);
const there = new SQSClient(clientSettings(server.other));

async function left(queueUrl: string): Promise<string> {
  const { Attributes } = await there.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
  );
  return `${Attributes?.ApproximateNumberOfMessages} ${Attributes?.ApproximateNumberOfMessagesNotVisible}`;
}

test('requests for a service that is elsewhere go there, and URLs of queues lead there by way of this server', async () => {
  const here = new SQSClient(clientSettings(server.platform));
  const { QueueUrl } = await here.send(new CreateQueueCommand({ QueueName: 'forwarded' }));
  assert.equal(QueueUrl, `${server.platform.origin}/000000000000/forwarded`);
  await here.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
  const { QueueUrls = [] } = await there.send(new ListQueuesCommand({ QueueNamePrefix: 'forwarded' }));
  assert.deepEqual(QueueUrls, [`${server.other.origin}/000000000000/forwarded`]);
  assert.equal(await left(QueueUrls[0]!), '1 0');
  here.destroy();
});

test('what the service elsewhere refuses is refused in its words', async () => {
  const here = new SQSClient(clientSettings(server.platform));
  await assert.rejects(here.send(new CreateQueueCommand({ QueueName: 'no name' })), {
    name: 'InvalidParameterValue',
  });
  await assert.rejects(
    here.send(new SendMessageCommand({ QueueUrl: 'http://x/000000000000/nowhere', MessageBody: 'x' })),
    { name: 'QueueDoesNotExist' },
  );
  here.destroy();
});

test('a mapping polls a queue that is elsewhere, and its messages come as AWS hands them out', async () => {
  const queue = await mappedQueue(server, 'mapped');
  const { MessageId } = await there.send(
    new SendMessageCommand({
      QueueUrl: `${server.other.origin}/000000000000/mapped`,
      MessageBody: 'hello',
      MessageAttributes: {
        text: { DataType: 'String', StringValue: 'x' },
        bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(1) },
      },
    }),
  );
  await until(async () => (await queue.records()).length > 0);
  const [record] = await queue.records();
  const { receiptHandle, md5OfMessageAttributes, ...rest } = record as unknown as Record<string, unknown>;
  assert.ok(receiptHandle && md5OfMessageAttributes);
  const { SentTimestamp, ApproximateFirstReceiveTimestamp } = record!.attributes;
  assert.deepEqual(rest, {
    messageId: MessageId,
    body: 'hello',
    attributes: {
      SenderId: '000000000000',
      SentTimestamp,
      ApproximateReceiveCount: '1',
      ApproximateFirstReceiveTimestamp,
    },
    messageAttributes: {
      text: { stringValue: 'x', stringListValues: [], binaryListValues: [], dataType: 'String' },
      bytes: { binaryValue: 'AQ==', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
    },
    md5OfBody: '5d41402abc4b2a76b9719d911017c592',
    eventSource: 'aws:sqs',
    eventSourceARN: queue.queueArn,
    awsRegion: 'us-east-1',
  });
  await until(async () => (await left(`${server.other.origin}/000000000000/mapped`)) === '0 0');
});
