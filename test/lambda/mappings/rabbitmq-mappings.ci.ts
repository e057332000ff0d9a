/** Functions that get messages of a real RabbitMQ. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { DeleteEventSourceMappingCommand, GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { ConfirmChannel, Options } from 'amqplib';
import { connect } from 'amqplib';
import { OTHER_VIRTUAL_HOST, RABBITMQ_USER, startRabbitmq } from '../../brokers/rabbitmq-server.ts';
import { asynchronous } from '../events/recording-function.ts';
import { eventually, mappedBroker, messagesOf, textOf } from './mapped-broker.ts';

const rabbitmq = await startRabbitmq();
const server = await asynchronous({ brokers: { orders: rabbitmq.address } });
const { lambda } = server;
after(() => rabbitmq.close());

const shared = { broker: 'orders', credentials: RABBITMQ_USER };

/** A client of its own, on a queue of that name. */
async function onQueue<T>(
  name: string,
  work: (channel: ConfirmChannel) => Promise<T>,
  virtualHost?: string,
): Promise<T> {
  const connection = await connect(rabbitmq.url(virtualHost));
  try {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(name, { durable: true });
    return await work(channel);
  } finally {
    await connection.close();
  }
}

function send(
  name: string,
  messages: readonly (readonly [string | Buffer, Options.Publish?])[],
  host?: string,
) {
  return onQueue(
    name,
    async (channel) => {
      for (const [content, options] of messages)
        channel.sendToQueue(name, Buffer.from(content), { persistent: true, ...options });
      await channel.waitForConfirms();
    },
    host,
  );
}

/** Messages that nobody has taken. */
const waiting = (name: string) =>
  onQueue(name, async (channel) => (await channel.checkQueue(name)).messageCount);

const texts = (count: number, word = 'm') =>
  Array.from({ length: count }, (_, index): [string] => [`${word}${index}`]);

test('a function gets a message as AWS hands it out, field for field', async () => {
  await send('whole', [
    [
      '{"timeout":0,"data":"CZrmf0Gw8Ov4bqLQxD4E"}',
      {
        contentType: 'text/plain',
        headers: { header1: 'value1', header2: 'value2', numberInHeader: 10 },
        persistent: false,
        priority: 34,
        expiration: '60000',
        timestamp: 2_021,
      },
    ],
  ]);
  const queue = await mappedBroker(server, 'whole', shared);
  const [event] = await eventually(server, async () => (await queue.events()).length > 0 && queue.events());
  // The example of the Lambda developer guide, "Using Lambda with Amazon MQ"; it has a user, which RabbitMQ holds
  // against who has signed in.
  assert.deepEqual(event, {
    eventSource: 'aws:rmq',
    eventSourceArn: queue.brokerArn,
    rmqMessagesByQueue: {
      'whole::/': [
        {
          basicProperties: {
            contentType: 'text/plain',
            contentEncoding: null,
            headers: {
              header1: { bytes: [118, 97, 108, 117, 101, 49] },
              header2: { bytes: [118, 97, 108, 117, 101, 50] },
              numberInHeader: 10,
            },
            deliveryMode: 1,
            priority: 34,
            correlationId: null,
            replyTo: null,
            expiration: '60000',
            messageId: null,
            timestamp: 'Jan 1, 1970, 12:33:41 AM',
            type: null,
            userId: null,
            appId: null,
            clusterId: null,
            bodySize: 43,
          },
          redelivered: false,
          data: 'eyJ0aW1lb3V0IjowLCJkYXRhIjoiQ1pybWYwR3c4T3Y0YnFMUXhENEUifQ==',
        },
      ],
    },
  });
  await eventually(server, async () => (await queue.lastResult()) === 'OK');
});

test('batches are as large as they may be, of another virtual host too, and what is done with is gone', async () => {
  await send('batched', texts(7), OTHER_VIRTUAL_HOST);
  const queue = await mappedBroker(server, 'batched', {
    ...shared,
    access: [{ Type: 'VIRTUAL_HOST', URI: OTHER_VIRTUAL_HOST }],
    mapping: { BatchSize: 3 },
  });
  await eventually(server, async () => (await queue.batches()).flat().length === 7);
  assert.deepEqual(await queue.batches(), [['m0', 'm1', 'm2'], ['m3', 'm4', 'm5'], ['m6']]);
  const [event] = await queue.events();
  assert.deepEqual(Object.keys(event!.rmqMessagesByQueue!), [`batched::${OTHER_VIRTUAL_HOST}`]);
  await lambda.send(new DeleteEventSourceMappingCommand({ UUID: queue.mapping.UUID }));
  await eventually(server, async () =>
    queue.lastResult().then(
      () => false,
      () => true,
    ),
  );
  const left = await onQueue(
    'batched',
    async (channel) => (await channel.checkQueue('batched')).messageCount,
    OTHER_VIRTUAL_HOST,
  );
  assert.equal(left, 0);
});

test('messages that a function fails for come again, marked, until it does not', async () => {
  await send('failing', [['fail'], ['fine']]);
  const queue = await mappedBroker(server, 'failing', shared);
  await eventually(server, async () => (await queue.batches()).length >= 3);
  assert.equal(await queue.lastResult(), 'PROBLEM: Function call failed');
  const [first, second] = await queue.events();
  assert.deepEqual(
    [first!, second!].map((event) =>
      messagesOf(event).map((message) => [textOf(message), message.redelivered]),
    ),
    [
      [
        ['fail', false],
        ['fine', false],
      ],
      [
        ['fail', true],
        ['fine', true],
      ],
    ],
  );
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'failing' }));
  await writeFile(`${Environment!.Variables!['RUNS']}.fixed`, '');
  await eventually(server, async () => (await queue.lastResult()) === 'OK');
  assert.equal(await waiting('failing'), 0);
});

test('filters look into the data; what they do not let through is done with', async () => {
  await send('filtered', [['{"kind":"a"}'], ['{"kind":"b"}'], ['plain']]);
  const queue = await mappedBroker(server, 'filtered', {
    ...shared,
    mapping: {
      FilterCriteria: {
        Filters: [{ Pattern: '{"data":{"kind":["b"]}}' }, { Pattern: '{"data":["plain"]}' }],
      },
    },
  });
  await eventually(server, async () => (await queue.lastResult()) === 'OK');
  assert.deepEqual(await queue.batches(), [['{"kind":"b"}', 'plain']]);
  assert.equal(await waiting('filtered'), 0);
});

test('no event is larger than AWS lets one be, and a message that would be is dropped', async () => {
  const megabytes = (count: number) => Buffer.alloc(count * 1024 * 1024, 'x');
  await send('large', [[megabytes(2)], [megabytes(2)], [megabytes(5)], ['small']]);
  const queue = await mappedBroker(server, 'large', shared);
  await eventually(server, async () => (await queue.batches()).flat().includes('small'));
  assert.deepEqual(
    (await queue.batches()).map((batch) => batch.map(({ length }) => length)),
    [[2 * 1024 * 1024, 2 * 1024 * 1024], [5]],
  );
  await eventually(server, async () => (await waiting('large')) === 0);
});

test('a broker that is down, or lets nobody in, is tried again; messages that were not acknowledged are not lost', async () => {
  await send('outage', [['before']]);
  const queue = await mappedBroker(server, 'outage', shared);
  const wrong = await mappedBroker(server, 'wrong', {
    ...shared,
    credentials: { username: 'x', password: 'y' },
  });
  await eventually(server, async () => (await queue.lastResult()) === 'OK');
  const problem = /^PROBLEM: Connection error\./;
  await eventually(server, async () => problem.test((await wrong.lastResult()) ?? ''));
  await rabbitmq.stop();
  await eventually(server, async () => problem.test((await queue.lastResult()) ?? ''));
  await rabbitmq.start();
  await send('outage', [['after']]);
  await eventually(server, async () => (await queue.batches()).flat().includes('after'));
  // Killed at once, the broker may not have stored what was acknowledged last: then that comes again.
  assert.deepEqual(new Set((await queue.batches()).flat()), new Set(['before', 'after']));
});
