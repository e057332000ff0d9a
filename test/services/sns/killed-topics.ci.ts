/** A server that is killed at random while it publishes: nothing acknowledged is lost, and groups keep their order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { killedService } from '../../faults/killed-service.ts';
import { killUnder } from '../../faults/kills.ts';
import { drainedQueue } from '../sqs/drained-queue.ts';
import { queueArn, topicsMaySend } from './sns-tester.ts';

const KILLS = 15;
/** See `Kills`. */
const LONGEST_LIFE_MS = 400;
/** See `drainedQueue`. */
const EMPTY_POLLS = 3;

test(`what a topic took arrives, in order, after ${KILLS} kills`, async (context) => {
  const { server, random, settings } = await killedService(context);
  const [sns, sqs] = [new SNSClient(settings), new SQSClient(settings)];
  context.after(() => {
    sns.destroy();
    sqs.destroy();
  });

  for (const isFifo of [true, false]) {
    const name = isFifo ? 'line.fifo' : 'line';
    const topic = await sns.send(
      new CreateTopicCommand({ Name: name, Attributes: isFifo ? { FifoTopic: 'true' } : {} }),
    );
    const queue = await sqs.send(
      new CreateQueueCommand({
        QueueName: name,
        Attributes: { Policy: topicsMaySend(queueArn(name)), ...(isFifo ? { FifoQueue: 'true' } : {}) },
      }),
    );
    await sns.send(
      new SubscribeCommand({
        TopicArn: topic.TopicArn!,
        Protocol: 'sqs',
        Endpoint: queueArn(name),
        Attributes: { RawMessageDelivery: 'true' },
      }),
    );
    const acknowledged: string[] = [];
    let next = 0;
    const publish = async (): Promise<void> => {
      const fifo = isFifo ? { MessageGroupId: 'g', MessageDeduplicationId: `${next}` } : {};
      await sns.send(new PublishCommand({ TopicArn: topic.TopicArn!, Message: `${next}`, ...fifo }));
      acknowledged.push(`${next}`);
      next += 1;
    };
    await killUnder(server, random, { count: KILLS, longestLifeMs: LONGEST_LIFE_MS }, [publish]);
    const received = await drainedQueue(sqs, queue.QueueUrl!, EMPTY_POLLS);
    for (const text of acknowledged)
      assert.ok(received.includes(text), `${text} was acknowledged and is lost`);
    console.log(`${name}: ${acknowledged.length} acknowledged, ${received.length} received`);
    assert.ok(acknowledged.length >= KILLS, 'the server was at work when it was killed');
    if (isFifo)
      assert.deepEqual(
        received,
        received.map((_, index) => `${index}`),
        'each once, in order',
      );
  }
});
