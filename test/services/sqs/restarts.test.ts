import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { scratchDirectory } from '../../storage/scratch.ts';
import { SqsTester } from './sqs-client.ts';

test('messages, receipts, deduplication ids and sequence go on after a restart', async (context) => {
  const dataDir = join(await scratchDirectory(context), 'data');
  const first = await SqsTester.alone(context, { dataDir });
  const url = await first.queue('q.fifo', { ContentBasedDeduplication: 'true', VisibilityTimeout: '3600' });
  const group = { MessageGroupId: 'g' };
  const { MessageId, SequenceNumber } = await first.send(url, 'one', group);
  await first.send(url, 'two', group);
  const [message] = await first.receive(url, { MaxNumberOfMessages: 1 });
  await first.platform.close();

  const second = await SqsTester.alone(context, { dataDir });
  const path = `${second.platform.origin}/000000000000/q.fifo`;
  assert.deepEqual(await second.counts(path), [1, 1, 0]);
  assert.deepEqual(await second.bodies(path), [], 'the group waits for what is in flight');
  assert.equal((await second.send(path, 'one', group)).MessageId, MessageId, 'taken once');
  await second.delete(path, message!);
  const later = await second.send(path, 'three', group);
  assert.ok(BigInt(later.SequenceNumber!) > BigInt(SequenceNumber!));
  assert.deepEqual(await second.bodies(path), ['two', 'three']);
  // A name that is there already is the same queue.
  const again = await second.client.send(
    new CreateQueueCommand({ QueueName: 'q.fifo', Attributes: { FifoQueue: 'true' } }),
  );
  assert.equal(again.QueueUrl, path);
});

test('deduplication ids are forgotten when their own time has come, after a restart too', async (context) => {
  const dataDir = join(await scratchDirectory(context), 'data');
  const first = await SqsTester.alone(context, { dataDir });
  const url = await first.queue('q.fifo');
  const send = (tester: SqsTester, queue: string, id: string) =>
    tester.send(queue, id, { MessageGroupId: 'g', MessageDeduplicationId: id });
  const old = await send(first, url, 'z');
  await first.platform.clock.advance('4m');
  // By name it comes before the other, which expires first.
  const young = await send(first, url, 'a');
  await first.platform.close();

  const second = await SqsTester.alone(context, { dataDir });
  const path = `${second.platform.origin}/000000000000/q.fifo`;
  await second.platform.clock.advance('2m');
  assert.notEqual((await send(second, path, 'z')).MessageId, old.MessageId);
  assert.equal((await send(second, path, 'a')).MessageId, young.MessageId);
});
