/** Functions that get messages of a real ActiveMQ. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { Connection, Message } from 'rhea';
import rhea from 'rhea';
import { ACTIVEMQ_USER, startActivemq } from '../../brokers/activemq-server.ts';
import { asynchronous } from '../events/recording-function.ts';
import { eventually, mappedBroker, messagesOf } from './mapped-broker.ts';

const activemq = await startActivemq();
const server = await asynchronous({ brokers: { orders: activemq.address } });
const { lambda } = server;
after(() => activemq.close());

const shared = { broker: 'orders', credentials: ACTIVEMQ_USER };

/** Where ActiveMQ puts what it gives up. */
const DEAD_LETTERS = 'ActiveMQ.DLQ';

async function connected(): Promise<Connection> {
  const connection = rhea
    .create_container()
    .connect({ host: '127.0.0.1', port: activemq.port, reconnect: false, ...ACTIVEMQ_USER });
  connection.on('disconnected', () => {});
  await once(connection, 'connection_open');
  return connection;
}

async function send(queue: string, messages: readonly Partial<Message>[]): Promise<void> {
  const connection = await connected();
  const sender = connection.open_sender(queue);
  await once(sender, 'sendable');
  let accepted = 0;
  const all = new Promise<void>((resolve) => {
    sender.on('accepted', () => {
      accepted += 1;
      if (accepted === messages.length) resolve();
    });
  });
  for (const message of messages) sender.send({ durable: true, ...message } as Message);
  await all;
  connection.close();
  await once(connection, 'connection_close');
}

/** The next message that waits in a queue, taken out of it. */
async function taken(queue: string): Promise<Message> {
  const connection = await connected();
  const receiver = connection.open_receiver(queue);
  const [{ message }] = (await once(receiver, 'message')) as [{ readonly message: Message }];
  connection.close();
  await once(connection, 'connection_close');
  return message;
}

test('a function gets texts and bytes as AWS hands them out, field for field', async () => {
  const createdMs = Date.now();
  await send('whole', [
    {
      message_id: 'ID:sender-1:1',
      body: 'Enter some text here for the message body...',
      durable: false,
      creation_time: new Date(createdMs),
      correlation_id: 'myJMSCoID',
      subject: 'order',
      ttl: 60_000,
      priority: 7,
      application_properties: { testKey: 'testValue', index: 1, doAlarm: false },
    },
    { body: rhea.message.data_section(Buffer.from([0, 255, 1])), reply_to: 'queue://answers' },
  ]);
  const queue = await mappedBroker(server, 'whole', shared);
  await eventually(server, async () => (await queue.batches()).flat().length === 2);
  const events = await queue.events();
  const messages = events.flatMap(messagesOf) as readonly object[] as readonly Readonly<
    Record<string, unknown>
  >[];
  // One is to be stored and the other is not: either may come first.
  const of = (type: string) => messages.find(({ messageType }) => messageType === `jms/${type}-message`);
  const [text, bytes] = [of('text'), of('bytes')];
  const { brokerOutTime, ...fields } = text!;
  assert.ok(Number(brokerOutTime) >= createdMs);
  // Members, their order and their forms as in the test event of aws/aws-lambda-go, which AWS has made.
  assert.deepEqual(fields, {
    messageID: 'ID:sender-1:1',
    messageType: 'jms/text-message',
    timestamp: createdMs,
    deliveryMode: 1,
    correlationID: 'myJMSCoID',
    replyTo: 'null',
    destination: { physicalName: 'whole' },
    redelivered: false,
    type: 'order',
    expiration: createdMs + 60_000,
    priority: 7,
    data: 'RW50ZXIgc29tZSB0ZXh0IGhlcmUgZm9yIHRoZSBtZXNzYWdlIGJvZHkuLi4=',
    brokerInTime: createdMs,
    properties: { testKey: 'testValue', index: '1', doAlarm: 'false' },
  });
  assert.deepEqual(
    [bytes!['messageType'], bytes!['data'], bytes!['deliveryMode'], bytes!['replyTo'], bytes!['expiration']],
    ['jms/bytes-message', 'AP8B', 2, 'queue://answers', 0],
  );
  for (const { eventSource, eventSourceArn } of events)
    assert.deepEqual([eventSource, eventSourceArn], ['aws:mq', queue.brokerArn]);
  await eventually(server, async () => (await queue.lastResult()) === 'OK');
});

test('messages that a function fails for come again, marked, until it does not', async () => {
  await send('failing', [{ body: 'fail' }]);
  const queue = await mappedBroker(server, 'failing', shared);
  await eventually(server, async () => (await queue.batches()).length >= 2);
  assert.equal(await queue.lastResult(), 'PROBLEM: Function call failed');
  const [first, second] = (await queue.events()).flatMap(messagesOf);
  assert.deepEqual([first!.redelivered, second!.redelivered], [false, true]);
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'failing' }));
  await writeFile(`${Environment!.Variables!['RUNS']}.fixed`, '');
  await eventually(server, async () => (await queue.lastResult()) === 'OK');
});

test('a message that fails for the seventh time goes to the dead letters of the broker', async () => {
  await send('poisonous', [{ body: 'fail for good' }]);
  const queue = await mappedBroker(server, 'poisonous', shared);
  // Six redeliveries: Lambda developer guide, "Troubleshoot Amazon MQ event source mapping errors".
  await eventually(server, async () => (await queue.batches()).length === 7);
  const dead = taken(DEAD_LETTERS);
  let isDead = false;
  void dead.then(() => {
    isDead = true;
  });
  await eventually(server, async () => isDead);
  assert.equal((await dead)['body'], 'fail for good');
  assert.equal((await queue.batches()).length, 7);
});

test('filters look into the data, and batches are as large as they may be', async () => {
  await send(
    'filtered',
    Array.from({ length: 6 }, (_, index) => ({
      body: JSON.stringify({ index, kind: index % 2 ? 'b' : 'a' }),
    })),
  );
  const queue = await mappedBroker(server, 'filtered', {
    ...shared,
    mapping: { BatchSize: 2, FilterCriteria: { Filters: [{ Pattern: '{"data":{"kind":["b"]}}' }] } },
  });
  await eventually(server, async () => (await queue.batches()).flat().length === 3);
  assert.deepEqual(
    (await queue.batches()).flat().sort(),
    [1, 3, 5].map((index) => JSON.stringify({ index, kind: 'b' })),
  );
  for (const batch of await queue.batches()) assert.ok(batch.length <= 2);
});

test('a broker that is down, or lets nobody in, is tried again; messages that were not acknowledged are not lost', async () => {
  await send('outage', [{ body: 'before' }]);
  const queue = await mappedBroker(server, 'outage', shared);
  const wrong = await mappedBroker(server, 'wrong', {
    ...shared,
    credentials: { username: 'x', password: 'y' },
  });
  await eventually(server, async () => (await queue.lastResult()) === 'OK');
  const problem = /^PROBLEM: Connection error\./;
  await eventually(server, async () => problem.test((await wrong.lastResult()) ?? ''));
  await activemq.stop();
  await eventually(server, async () => problem.test((await queue.lastResult()) ?? ''));
  await activemq.start();
  await send('outage', [{ body: 'after' }]);
  await eventually(server, async () => (await queue.batches()).flat().includes('after'));
  // Killed at once, the broker may not have stored what was acknowledged last: then that comes again.
  assert.deepEqual(new Set((await queue.batches()).flat()), new Set(['before', 'after']));
});
