import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  PurgeQueueCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { arnOf, SqsTester } from './sqs-client.ts';

test('a message is received with its attributes and the digests that the SDK verifies', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  const sent = await sqs.send(url, 'one ✓', {
    MessageAttributes: {
      text: { DataType: 'String.kind', StringValue: 'x' },
      number: { DataType: 'Number', StringValue: '1.50' },
      bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255) },
    },
    MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-a-b' } },
  });
  const [message] = await sqs.receive(url);
  assert.equal(message?.MessageId, sent.MessageId);
  assert.equal(message?.Body, 'one ✓');
  assert.equal(message?.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.deepEqual(message?.MessageAttributes, {
    text: { DataType: 'String.kind', StringValue: 'x' },
    number: { DataType: 'Number', StringValue: '1.50' },
    bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255) },
  });
  const { SentTimestamp: sentMs } = message?.Attributes ?? {};
  assert.deepEqual(message?.Attributes, {
    SenderId: '000000000000',
    SentTimestamp: sentMs,
    ApproximateReceiveCount: '1',
    ApproximateFirstReceiveTimestamp: sentMs,
    AWSTraceHeader: 'Root=1-a-b',
  });
  assert.equal(Number(sentMs), sqs.platform.clock.now());
});

test('of message attributes, those asked for by name or prefix come, with the digest of these', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q', { VisibilityTimeout: '0' });
  const text = (value: string) => ({ DataType: 'String', StringValue: value });
  const some = await sqs.send(url, 'b', { MessageAttributes: { 'a.x': text('1'), 'a.y': text('2') } });
  const names = async (...asked: string[]) => {
    const [message] = await sqs.receive(url, { MessageAttributeNames: asked });
    return { names: Object.keys(message?.MessageAttributes ?? {}), md5: message?.MD5OfMessageAttributes };
  };
  assert.deepEqual(await names('a.*'), { names: ['a.x', 'a.y'], md5: some.MD5OfMessageAttributes });
  assert.deepEqual((await names('a.y', 'b')).names, ['a.y']);
  assert.deepEqual(await names(), { names: [], md5: undefined });
});

test('a message is invisible for its time-out, and counted where it is', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q', { VisibilityTimeout: '40' });
  await sqs.send(url, 'now');
  await sqs.send(url, 'later', { DelaySeconds: 100 });
  assert.deepEqual(await sqs.counts(url), [1, 0, 1]);
  assert.deepEqual(await sqs.bodies(url), ['now']);
  assert.deepEqual(await sqs.counts(url), [0, 1, 1]);
  await sqs.platform.clock.advance(39_000);
  assert.deepEqual(await sqs.bodies(url), []);
  await sqs.platform.clock.advance(1000);
  const [again] = await sqs.receive(url);
  assert.equal(again?.Attributes?.['ApproximateReceiveCount'], '2');
  await sqs.delete(url, again!);
  await sqs.platform.clock.advance(60_000);
  assert.deepEqual(await sqs.bodies(url), ['later']);
});

test('the visibility of a message in flight is changed, up to twelve hours from its receipt', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  await sqs.send(url, 'one');
  const [message] = await sqs.receive(url);
  const change = (seconds: number) =>
    sqs.client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: message!.ReceiptHandle!,
        VisibilityTimeout: seconds,
      }),
    );
  await change(3600);
  await sqs.platform.clock.advance(3_599_000);
  assert.deepEqual(await sqs.bodies(url), []);
  await assert.rejects(change(43_200), /beyond the limit \[43200 seconds\]/);
  await change(0);
  assert.deepEqual(await sqs.bodies(url), ['one']);
  await sqs.platform.clock.advance(30_000);
  await assert.rejects(change(1), { name: 'MessageNotInflight' });
});

test('a long poll is answered by what is sent, by what becomes visible, and at last by nothing', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q', { ReceiveMessageWaitTimeSeconds: '20' });
  const poll = sqs.bodies(url);
  await sqs.send(url, 'one');
  assert.deepEqual(await poll, ['one']);
  const second = sqs.bodies(url);
  // Not before the poll has arrived: what is sent next is known to be there after it.
  await sqs.attributes(url);
  await sqs.platform.clock.advance(30_000);
  assert.deepEqual(await second, ['one']);
  assert.deepEqual(await sqs.bodies(url, { WaitTimeSeconds: 0 }), []);
  assert.deepEqual(await sqs.bodies(url, { WaitTimeSeconds: 1 }), []);
});

test('a poll that waits at the end of the server is answered', async (context) => {
  const sqs = await SqsTester.alone(context);
  const url = await sqs.queue('q');
  const poll = sqs.bodies(url, { WaitTimeSeconds: 20 });
  await sqs.attributes(url);
  await sqs.platform.close();
  assert.deepEqual(await poll, []);
});

test('a poll of a queue that is deleted learns that it does not exist', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  const poll = sqs.bodies(url, { WaitTimeSeconds: 20 });
  await sqs.attributes(url);
  await sqs.client.send(new DeleteQueueCommand({ QueueUrl: url }));
  await assert.rejects(poll, { name: 'QueueDoesNotExist', message: 'The specified queue does not exist.' });
});

test('messages expire by the retention period, whether it was changed before or after', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q', { MessageRetentionPeriod: '600' });
  await sqs.send(url, 'one');
  await sqs.platform.clock.advance(300_000);
  await sqs.send(url, 'two');
  await sqs.platform.clock.advance(300_000);
  assert.deepEqual(await sqs.counts(url), [1, 0, 0]);
  await sqs.client.send(
    new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { MessageRetentionPeriod: '3600' } }),
  );
  await sqs.platform.clock.advance(600_000);
  assert.deepEqual(await sqs.bodies(url), ['two']);
});

test('what was received too often goes to the dead-letter queue, with where it came from', async (context) => {
  const sqs = await SqsTester.start(context);
  const dead = await sqs.queue('dead');
  const redrive = JSON.stringify({ deadLetterTargetArn: arnOf(dead), maxReceiveCount: 2 });
  const url = await sqs.queue('q', { RedrivePolicy: redrive, VisibilityTimeout: '0' });
  const { MessageId } = await sqs.send(url, 'poison');
  assert.deepEqual(await sqs.bodies(url), ['poison']);
  assert.deepEqual(await sqs.bodies(url), ['poison']);
  assert.deepEqual(await sqs.bodies(url), []);
  assert.deepEqual(await sqs.counts(url), [0, 0, 0]);
  const [message] = await sqs.receive(dead);
  assert.equal(message?.MessageId, MessageId);
  assert.equal(message?.Attributes?.['DeadLetterQueueSourceArn'], arnOf(url));
  // Recorded: the count goes on in the dead-letter queue.
  assert.equal(message?.Attributes?.['ApproximateReceiveCount'], '3');
});

test('a batch answers each entry, and is refused as a whole where it is none', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  const batch = (...entries: { Id: string; MessageBody: string; DelaySeconds?: number }[]) =>
    sqs.client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
  const answer = await batch(
    { Id: 'good', MessageBody: 'one' },
    { Id: 'bad', MessageBody: 'two', DelaySeconds: 901 },
  );
  assert.deepEqual(
    answer.Successful?.map(({ Id }) => Id),
    ['good'],
  );
  assert.deepEqual(answer.Failed, [
    {
      Id: 'bad',
      SenderFault: true,
      Code: 'InvalidParameterValue',
      Message:
        'Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.',
    },
  ]);
  const entry = (Id: string) => ({ Id, MessageBody: 'x' });
  await assert.rejects(batch(), { name: 'EmptyBatchRequest' });
  await assert.rejects(batch(entry('a'), entry('a')), {
    name: 'BatchEntryIdsNotDistinct',
    message: 'Id a repeated.',
  });
  await assert.rejects(batch(entry('a b')), { name: 'InvalidBatchEntryId' });
  await assert.rejects(batch(...Array.from({ length: 11 }, (_, index) => entry(`${index}`))), {
    name: 'TooManyEntriesInBatchRequest',
    message: 'Maximum number of entries per request are 10. You have sent 11.',
  });
  // Recorded, with these words.
  await assert.rejects(batch({ Id: 'a', MessageBody: 'x'.repeat(1_048_576) }, entry('b')), {
    name: 'BatchRequestTooLong',
    message: 'Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.',
  });
  const [message] = await sqs.receive(url);
  const deleted = await sqs.client.send(
    new DeleteMessageBatchCommand({
      QueueUrl: url,
      Entries: [
        { Id: '1', ReceiptHandle: message!.ReceiptHandle! },
        { Id: '2', ReceiptHandle: 'nonsense' },
      ],
    }),
  );
  assert.deepEqual([deleted.Successful?.length, deleted.Failed?.[0]?.Code], [1, 'ReceiptHandleIsInvalid']);
});

test('a queue is purged, once a minute', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  await sqs.send(url, 'one');
  await sqs.send(url, 'two');
  await sqs.receive(url, { MaxNumberOfMessages: 1 });
  const purge = () => sqs.client.send(new PurgeQueueCommand({ QueueUrl: url }));
  await purge();
  assert.deepEqual(await sqs.counts(url), [0, 0, 0]);
  await assert.rejects(purge(), { name: 'PurgeQueueInProgress' });
  await sqs.platform.clock.advance(60_000);
  await purge();
});

test('a message of one mebibyte is taken whole, a byte more is not', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  await sqs.send(url, 'x'.repeat(1_048_576));
  const [message] = await sqs.receive(url);
  assert.equal(message?.Body?.length, 1_048_576);
  await assert.rejects(sqs.send(url, 'x'.repeat(1_048_577)), {
    name: 'InvalidParameterValue',
    message: 'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
  });
  await assert.rejects(sqs.send(url, 'bell \u0007'), { name: 'InvalidMessageContents' });
});
