/** A server that is killed at random while a pipe carries messages on: nothing acknowledged is lost, groups keep their order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreatePipeCommand, PipesClient } from '@aws-sdk/client-pipes';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { killedService } from '../../faults/killed-service.ts';
import { killUnder } from '../../faults/kills.ts';
import { TEST_REGION } from '../../kit/started-platform.ts';
import { drainedQueue } from '../sqs/drained-queue.ts';

const KILLS = 12;
/** See `Kills`. */
const LONGEST_LIFE_MS = 400;
/** What a killed server had taken comes back after that, seconds. */
const VISIBILITY_SECONDS = 2;
/** See `drainedQueue`. */
const EMPTY_POLLS = 5;
const FIFO = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };

test(`what a queue took goes through a pipe, in order, after ${KILLS} kills`, async (context) => {
  const { server, random, settings } = await killedService(context);
  const [pipes, sqs] = [new PipesClient(settings), new SQSClient(settings)];
  context.after(() => {
    pipes.destroy();
    sqs.destroy();
  });
  const queue = async (QueueName: string): Promise<string> => {
    const Attributes = { ...FIFO, VisibilityTimeout: String(VISIBILITY_SECONDS) };
    return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl!;
  };
  const [from, to] = [await queue('from.fifo'), await queue('to.fifo')];
  await pipes.send(
    new CreatePipeCommand({
      Name: 'killed',
      Source: `arn:aws:sqs:${TEST_REGION}:000000000000:from.fifo`,
      Target: `arn:aws:sqs:${TEST_REGION}:000000000000:to.fifo`,
      RoleArn: 'arn:aws:iam::000000000000:role/r',
      TargetParameters: {
        InputTemplate: '<$.body>',
        SqsQueueParameters: { MessageGroupId: '$.attributes.MessageGroupId' },
      },
    }),
  );
  const acknowledged: string[] = [];
  let next = 0;
  const send = async (): Promise<void> => {
    const MessageBody = `${next}`;
    await sqs.send(new SendMessageCommand({ QueueUrl: from, MessageBody, MessageGroupId: 'g' }));
    acknowledged.push(MessageBody);
    next += 1;
  };
  await killUnder(server, random, { count: KILLS, longestLifeMs: LONGEST_LIFE_MS }, [send]);
  const received = await drainedQueue(sqs, to, EMPTY_POLLS);
  console.log(`${acknowledged.length} acknowledged, ${received.length} received`);
  assert.ok(acknowledged.length >= KILLS, 'the server was at work when it was killed');
  for (const text of acknowledged) assert.ok(received.includes(text), `${text} was acknowledged and is lost`);
  assert.deepEqual(
    received,
    received.map((_, index) => `${index}`),
    'each once, in order: what is repeated is told apart by its content',
  );
});
