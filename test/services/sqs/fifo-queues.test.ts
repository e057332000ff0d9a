import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { arnOf, SqsTester } from './sqs-client.ts';

const DEDUPLICATED = { ContentBasedDeduplication: 'true' };

test('a group waits while its first message is in flight, other groups do not', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q.fifo', DEDUPLICATED);
  for (const [body, group] of [
    ['a1', 'a'],
    ['a2', 'a'],
    ['b1', 'b'],
    ['a3', 'a'],
  ] as const) {
    await sqs.send(url, body, { MessageGroupId: group });
  }
  const [first] = await sqs.receive(url, { MaxNumberOfMessages: 1 });
  assert.equal(first?.Body, 'a1');
  assert.equal(first?.Attributes?.['MessageGroupId'], 'a');
  assert.match(first?.Attributes?.['SequenceNumber'] ?? '', /^\d{20}$/);
  assert.deepEqual(await sqs.bodies(url), ['b1']);
  assert.deepEqual(await sqs.bodies(url), []);
  await sqs.delete(url, first!);
  assert.deepEqual(await sqs.bodies(url), ['a2', 'a3']);
});

test('of a group, what is visible from its first message on is received again, in order', async (context) => {
  // Recorded as "fifo_group_visibility_extends_with_change_message_visibility".
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q.fifo', { ...DEDUPLICATED, VisibilityTimeout: '600' });
  for (const body of ['foo', 'bar', 'baz']) await sqs.send(url, body, { MessageGroupId: 'g' });
  const messages = await sqs.receive(url);
  assert.deepEqual(
    messages.map(({ Body }) => Body),
    ['foo', 'bar', 'baz'],
  );
  const show = (...indexes: number[]) =>
    sqs.client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: url,
        Entries: indexes.map((index) => ({
          Id: `${index}`,
          ReceiptHandle: messages[index]!.ReceiptHandle!,
          VisibilityTimeout: 0,
        })),
      }),
    );
  await show(2);
  assert.deepEqual(await sqs.bodies(url), [], 'foo is in flight');
  await show(0);
  const [foo, ...others] = await sqs.receive(url);
  assert.deepEqual([foo?.Body, others], ['foo', []], 'bar is in flight');
  await sqs.delete(url, foo!);
  await show(1);
  assert.deepEqual(await sqs.bodies(url), ['bar', 'baz']);
});

test('a message is taken once in five minutes, by its id or its body', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q.fifo', DEDUPLICATED);
  const send = (body: string, id?: string, group = 'g') =>
    sqs.send(url, body, {
      MessageGroupId: group,
      ...(id === undefined ? {} : { MessageDeduplicationId: id }),
    });
  const first = await send('one');
  const again = await send('one');
  assert.deepEqual([again.MessageId, again.SequenceNumber], [first.MessageId, first.SequenceNumber]);
  assert.equal((await send('one', undefined, 'other-group')).MessageId, first.MessageId);
  assert.notEqual((await send('one', 'id')).MessageId, first.MessageId);
  assert.deepEqual(await sqs.counts(url), [2, 0, 0]);
  for (const message of await sqs.receive(url)) await sqs.delete(url, message);
  await sqs.platform.clock.advance(299_000);
  assert.equal((await send('one')).MessageId, first.MessageId, 'deleted or not');
  await sqs.platform.clock.advance(1000);
  assert.notEqual((await send('one')).MessageId, first.MessageId);
  assert.deepEqual(await sqs.counts(url), [1, 0, 0]);
});

test('duplicates in one batch, and in calls at the same time, are one message', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q.fifo');
  const entry = { MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  const batch = new SendMessageBatchCommand({
    QueueUrl: url,
    Entries: [
      { Id: '1', ...entry },
      { Id: '2', ...entry },
    ],
  });
  const answers = await Promise.all([sqs.client.send(batch), sqs.client.send(batch)]);
  const ids = answers.flatMap(({ Successful }) => Successful!.map(({ MessageId }) => MessageId));
  assert.deepEqual([ids.length, new Set(ids).size], [4, 1]);
  assert.deepEqual(await sqs.counts(url), [1, 0, 0]);
});

test('with the scope of high throughput a deduplication id is its group’s own', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q.fifo', {
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
  });
  for (const group of ['a', 'b', 'a']) {
    await sqs.send(url, group, { MessageGroupId: group, MessageDeduplicationId: 'd' });
  }
  assert.deepEqual(await sqs.bodies(url), ['a', 'b']);
});

test('a receipt whose answer was lost is repeated by its attempt id, while nothing has changed', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q.fifo', DEDUPLICATED);
  await sqs.send(url, 'one', { MessageGroupId: 'g' });
  const attempt = { ReceiveRequestAttemptId: 'attempt-1' };
  const [first] = await sqs.receive(url, attempt);
  await sqs.platform.clock.advance(20_000);
  const [again] = await sqs.receive(url, attempt);
  assert.equal(again?.ReceiptHandle, first?.ReceiptHandle);
  await sqs.platform.clock.advance(20_000);
  assert.deepEqual(await sqs.bodies(url), [], 'its time-out began anew');
  await sqs.delete(url, again!);
  assert.deepEqual(await sqs.receive(url, attempt), []);
});

test('a handle that has expired neither deletes nor extends', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q.fifo', DEDUPLICATED);
  await sqs.send(url, 'one', { MessageGroupId: 'g' });
  const [message] = await sqs.receive(url);
  await sqs.platform.clock.advance(30_000);
  const ReceiptHandle = message!.ReceiptHandle!;
  const refused = {
    name: 'InvalidParameterValue',
    message: `Value ${ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  };
  const command = { QueueUrl: url, ReceiptHandle };
  await assert.rejects(sqs.client.send(new DeleteMessageCommand(command)), refused);
  await assert.rejects(
    sqs.client.send(new ChangeMessageVisibilityCommand({ ...command, VisibilityTimeout: 5 })),
    refused,
  );
  assert.deepEqual(await sqs.bodies(url), ['one']);
});

test('a poison message goes to the dead-letter queue and its group goes on', async (context) => {
  const sqs = await SqsTester.start(context);
  const dead = await sqs.queue('dead.fifo');
  const redrive = JSON.stringify({ deadLetterTargetArn: arnOf(dead), maxReceiveCount: '1' });
  const url = await sqs.queue('q.fifo', { ...DEDUPLICATED, RedrivePolicy: redrive });
  for (const body of ['poison', 'good', 'better']) await sqs.send(url, body, { MessageGroupId: 'g' });
  assert.deepEqual(await sqs.bodies(url, { MaxNumberOfMessages: 1 }), ['poison']);
  await sqs.platform.clock.advance(30_000);
  assert.deepEqual(await sqs.bodies(url), ['good', 'better']);
  assert.deepEqual(await sqs.bodies(dead), ['poison']);
});

test('the delay of the queue holds back messages that wait already, and theirs own is refused', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q.fifo', { ...DEDUPLICATED, DelaySeconds: '600' });
  await sqs.send(url, 'one', { MessageGroupId: 'g', DelaySeconds: 0 });
  await assert.rejects(sqs.send(url, 'two', { MessageGroupId: 'g', DelaySeconds: 1 }), {
    message:
      'Value 1 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type',
  });
  const poll = sqs.bodies(url, { WaitTimeSeconds: 20 });
  assert.deepEqual(await sqs.counts(url), [0, 0, 1]);
  await sqs.client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { DelaySeconds: '0' } }));
  assert.deepEqual(await poll, ['one']);
});

test('group and deduplication id are required, in recorded words', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q.fifo');
  await assert.rejects(sqs.send(url, 'x', { MessageDeduplicationId: 'd' }), {
    name: 'MissingParameter',
    message: 'The request must contain the parameter MessageGroupId.',
  });
  await assert.rejects(sqs.send(url, 'x', { MessageGroupId: 'g' }), {
    name: 'InvalidParameterValue',
    message:
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  });
});
