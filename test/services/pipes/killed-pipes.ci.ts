/** A server that is killed at random while a pipe carries messages on: nothing acknowledged is lost, groups keep their order. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreatePipeCommand, PipesClient } from '@aws-sdk/client-pipes';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { KilledServer } from '../../faults/killed-server.ts';
import { SeededRandom } from '../../faults/seeded-random.ts';
import { TEST_CREDENTIALS, TEST_REGION } from '../../kit/started-platform.ts';

const KILLS = 12;
/** The server lives that long at most, once it has acknowledged a message, milliseconds. */
const LONGEST_LIFE_MS = 400;
/** What a killed server had taken comes back after that, seconds. */
const VISIBILITY_SECONDS = 2;
/** Polls in a row that find nothing, each of a second, after which all has arrived. */
const EMPTY_POLLS = 5;
const FIFO = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };

test(`what a queue took goes through a pipe, in order, after ${KILLS} kills`, async (context) => {
  const random = new SeededRandom();
  console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-faults-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const server = await KilledServer.start(directory);
  context.after(() => server.stop());
  const settings = {
    endpoint: server.origin,
    region: TEST_REGION,
    credentials: TEST_CREDENTIALS,
    maxAttempts: 1,
  };
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
  const progress = new EventEmitter();
  let next = 0;
  const sendUntilCutOff = async (): Promise<void> => {
    for (;;) {
      const MessageBody = `${next}`;
      try {
        await sqs.send(new SendMessageCommand({ QueueUrl: from, MessageBody, MessageGroupId: 'g' }));
      } catch (error) {
        const { $metadata: answered } = error as { $metadata?: { httpStatusCode?: number } };
        if (answered?.httpStatusCode !== undefined) throw error;
        return;
      }
      acknowledged.push(MessageBody);
      next += 1;
      progress.emit('acknowledged');
    }
  };
  for (let kill = 0; kill < KILLS; kill += 1) {
    const begun = once(progress, 'acknowledged');
    const ending = sendUntilCutOff();
    ending.catch(() => undefined);
    await begun;
    await new Promise((resolve) => setTimeout(resolve, random.next() * LONGEST_LIFE_MS));
    await server.kill();
    await server.start();
    await ending;
  }
  const received = await drained(sqs, to);
  console.log(`${acknowledged.length} acknowledged, ${received.length} received`);
  assert.ok(acknowledged.length >= KILLS, 'the server was at work when it was killed');
  for (const text of acknowledged) assert.ok(received.includes(text), `${text} was acknowledged and is lost`);
  assert.deepEqual(
    received,
    received.map((_, index) => `${index}`),
    'each once, in order: what is repeated is told apart by its content',
  );
});

async function drained(sqs: SQSClient, QueueUrl: string): Promise<string[]> {
  const received: string[] = [];
  for (let empty = 0; empty < EMPTY_POLLS; ) {
    const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
    const { Messages = [] } = await sqs.send(command);
    empty = Messages.length === 0 ? empty + 1 : 0;
    for (const { Body, ReceiptHandle } of Messages) {
      received.push(Body!);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ReceiptHandle! }));
    }
  }
  return received;
}
