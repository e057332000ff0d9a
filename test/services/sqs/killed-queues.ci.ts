/**
 * A server that is killed at random while messages go through it: what it answered holds. Nothing sent is
 * lost, nothing deleted comes back, receipts stay valid, and each group of a FIFO queue keeps its order.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '@aws-sdk/client-sqs';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { killedService } from '../../faults/killed-service.ts';
import { killUnder } from '../../faults/kills.ts';

const KILLS = 30;
/** The server lives that long at most before it is killed, milliseconds. */
const LONGEST_LIFE_MS = 400;
const GROUPS = ['a', 'b', 'c', 'standard'] as const;
type Group = (typeof GROUPS)[number];

/** Sends numbers to one group, receives them, and notes what the server has promised. */
class Line {
  readonly acknowledged = new Set<string>();
  /** Ids: a standard queue has two messages of one body where the answer to the first was cut off. */
  private readonly deleted = new Set<string>();
  /** In the order of their first receipt. */
  readonly received: string[] = [];
  private readonly client: SQSClient;
  private readonly url: string;
  private readonly group: Group;
  private next = 0;
  private held: Message[] = [];

  constructor(client: SQSClient, url: string, group: Group) {
    this.client = client;
    this.url = url;
    this.group = group;
  }

  private get isFifo(): boolean {
    return this.group !== 'standard';
  }

  /** The next number; the same again until it is answered, which a FIFO queue takes once all the same. */
  async send(): Promise<void> {
    const body = `${this.group}${this.next}`;
    const fifo = this.isFifo ? { MessageGroupId: this.group, MessageDeduplicationId: body } : {};
    await this.client.send(new SendMessageCommand({ QueueUrl: this.url, MessageBody: body, ...fifo }));
    this.acknowledged.add(body);
    this.next += 1;
  }

  /** Deletes what is held, and then takes more. */
  async work(): Promise<number> {
    for (const message of [...this.held]) {
      await this.client.send(
        new DeleteMessageCommand({ QueueUrl: this.url, ReceiptHandle: message.ReceiptHandle! }),
      );
      this.deleted.add(message.MessageId!);
      this.held.splice(this.held.indexOf(message), 1);
    }
    const command = new ReceiveMessageCommand({ QueueUrl: this.url, MaxNumberOfMessages: 3 });
    const { Messages: messages = [] } = await this.client.send(command);
    for (const message of messages) {
      const body = message.Body!;
      assert.ok(!this.deleted.has(message.MessageId!), `${body} was deleted and came back`);
      const index = this.received.indexOf(body);
      if (index < 0) this.received.push(body);
      this.held.push(message);
    }
    return messages.length;
  }
}

test(`what a server answered about messages holds after ${KILLS} kills`, async (context) => {
  const { server, random, settings } = await killedService(context);
  const client = new SQSClient(settings);
  context.after(() => client.destroy());
  const queues = new Map<Group, Line>();
  for (const group of GROUPS) {
    const isFifo = group !== 'standard';
    const command = new CreateQueueCommand({
      QueueName: isFifo ? `${group}.fifo` : group,
      ...(isFifo ? { Attributes: { FifoQueue: 'true' } } : {}),
    });
    queues.set(group, new Line(client, (await client.send(command)).QueueUrl!, group));
  }
  const lines = [...queues.values()];

  await killUnder(
    server,
    random,
    { count: KILLS, longestLifeMs: LONGEST_LIFE_MS },
    lines.flatMap((line) => [() => line.send(), () => line.work()]),
  );
  // Messages whose receipt was cut off before its answer come back when their time-out ends.
  for (let empty = 0; empty < 2; ) {
    let count = 0;
    for (const line of lines) count += await line.work();
    empty = count === 0 ? empty + 1 : 0;
    if (count === 0) await server.advance(31);
  }

  let total = 0;
  for (const [group, { acknowledged, received }] of queues) {
    total += acknowledged.size;
    for (const body of acknowledged)
      assert.ok(received.includes(body), `${body} was acknowledged and is lost`);
    if (group === 'standard') continue;
    const expected = received.map((_, index) => `${group}${index}`);
    assert.deepEqual(received, expected, 'each once, in the order sent');
  }
  console.log(`${total} messages acknowledged`);
  assert.ok(total > 0, 'nothing was acknowledged');
});
