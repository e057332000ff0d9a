/** Topics of a real Kafka broker as event sources. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startKafka } from '../../brokers/kafka-server.ts';
import { clientSettings } from '../../kit/started-platform.ts';
import { asynchronous } from '../events/recording-function.ts';
import { advancedUntil } from './mapped-stream.ts';
import { lastResult, mappedTopic, mappingMetric, TopicWriter, textOf, until } from './mapped-topic.ts';

const kafka = await startKafka();
after(() => kafka.close());
const topics = new TopicWriter(kafka.plaintext);
after(() => topics.close());
const server = await asynchronous({ brokers: { orders: kafka.plaintext } });

const SelfManagedEventSource = { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: [kafka.plaintext] } };

test('a function gets records of a self-managed cluster as AWS shows them', async () => {
  await topics.create('shown');
  const headers = new Map([
    [Buffer.from('plain'), Buffer.from('abc')],
    [Buffer.from('high'), Buffer.from([0, 127, 128, 255])],
  ]);
  const message = { topic: 'shown', partition: 0, timestamp: 1_700_000_000_123n, headers };
  await topics.send({ ...message, key: Buffer.from('a key'), value: Buffer.from('{"n":1}') });
  await topics.send({
    topic: 'shown',
    partition: 0,
    timestamp: 1_700_000_000_124n,
    value: Buffer.from('no key'),
  });
  const mapped = await mappedTopic(server, 'shown', { SelfManagedEventSource, Topics: ['shown'] });
  await mapped.received(2);
  const common = { topic: 'shown', partition: 0, timestampType: 'CREATE_TIME' };
  assert.deepEqual(await mapped.events(), [
    {
      eventSource: 'SelfManagedKafka',
      bootstrapServers: kafka.plaintext,
      records: {
        'shown-0': [
          {
            ...common,
            offset: 0,
            timestamp: 1_700_000_000_123,
            key: Buffer.from('a key').toString('base64'),
            value: Buffer.from('{"n":1}').toString('base64'),
            headers: [{ plain: [97, 98, 99] }, { high: [0, 127, -128, -1] }],
          },
          {
            ...common,
            offset: 1,
            timestamp: 1_700_000_000_124,
            value: Buffer.from('no key').toString('base64'),
            headers: [],
          },
        ],
      },
    },
  ]);
});

test('a cluster of MSK is where --broker says', async () => {
  await topics.create('managed');
  await topics.put('managed', ['one']);
  const EventSourceArn =
    'arn:aws:kafka:us-east-1:000000000000:cluster/orders/11111111-2222-3333-4444-555555555555-1';
  const mapped = await mappedTopic(server, 'managed', { EventSourceArn, Topics: ['managed'] });
  await mapped.received(1);
  const [event] = await mapped.events();
  assert.deepEqual(Object.keys(event!), ['eventSource', 'eventSourceArn', 'bootstrapServers', 'records']);
  assert.equal(event!.eventSource, 'aws:kafka');
  assert.equal(event!['eventSourceArn'], EventSourceArn);
  assert.equal(event!['bootstrapServers'], kafka.plaintext);
  await until(async () => (await lastResult(server, mapped.uuid)) === 'OK');
});

test('batches of a partition come one after the other, and are committed for the group that was asked for', async () => {
  await topics.create('batches', 2);
  const values = Array.from({ length: 25 }, (_, index) => String(index));
  await topics.put('batches', values, 0);
  await topics.put('batches', values, 1);
  const mapped = await mappedTopic(server, 'batches', {
    SelfManagedEventSource,
    Topics: ['batches'],
    BatchSize: 10,
    SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'a-group' },
  });
  await mapped.received(50);
  for (const partition of ['batches-0', 'batches-1']) {
    const own = (await mapped.events()).flatMap(({ records }) =>
      records[partition] === undefined ? [] : [records[partition].map(textOf)],
    );
    assert.deepEqual(own.flat(), values);
    assert.ok(own.every(({ length }) => length <= 10));
    await until(async () => (await topics.committed('a-group', 'batches', Number(partition.at(-1)))) === 25);
  }
});

test('an offset is committed once its batch is done with, and not before', async () => {
  await topics.create('held');
  await topics.put('held', ['one', 'fail', 'after']);
  const mapped = await mappedTopic(server, 'held', {
    SelfManagedEventSource,
    Topics: ['held'],
    BatchSize: 1,
  });
  await mapped.received(2);
  await until(async () => (await topics.committed(mapped.uuid, 'held')) === 1);
  await advancedUntil(server.platform, async () => (await mapped.batches()).length >= 4);
  assert.deepEqual([...new Set((await mapped.batches()).flat())], ['one', 'fail']);
  assert.equal(await topics.committed(mapped.uuid, 'held'), 1);
  assert.equal(await lastResult(server, mapped.uuid), 'PROBLEM: Function call failed');
});

test('a batch that is given up goes to a queue or to another topic, in the form of each', async () => {
  const sqs = new SQSClient(clientSettings(server.platform));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'failures' }));
  await topics.create('given-up');
  await topics.create('failures');
  const message = { topic: 'given-up', partition: 0, timestamp: 1_700_000_000_000n };
  await topics.send({ ...message, key: Buffer.from('k'), value: Buffer.from('fail') });
  const shared = { SelfManagedEventSource, Topics: ['given-up'], MaximumRetryAttempts: 1 };
  const first = await mappedTopic(server, 'given-up', {
    ...shared,
    DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:failures' } },
  });
  const second = await mappedTopic(server, 'given-up-too', {
    ...shared,
    DestinationConfig: { OnFailure: { Destination: 'kafka://failures' } },
  });
  const keeper = await mappedTopic(server, 'failures', { SelfManagedEventSource, Topics: ['failures'] });
  await advancedUntil(server.platform, async () => (await keeper.batches()).length > 0);
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  sqs.destroy();
  const time = new Date(1_700_000_000_000).toISOString();
  const [event] = await first.events();
  const payloadSize = Buffer.byteLength(JSON.stringify(event));
  const { requestContext, responseContext, KafkaBatchInfo } = JSON.parse(Messages[0]!.Body!);
  assert.equal(requestContext.condition, 'RetryAttemptsExhausted');
  assert.equal(requestContext.approximateInvokeCount, 2);
  assert.deepEqual(responseContext, {
    statusCode: 200,
    executedVersion: '$LATEST',
    functionError: 'Unhandled',
  });
  assert.deepEqual(KafkaBatchInfo, {
    batchSize: 1,
    bootstrapServers: kafka.plaintext,
    payloadSize,
    recordsInfo: {
      'given-up-0': {
        firstRecordOffset: '0',
        lastRecordOffset: '0',
        firstRecordTimestamp: time,
        lastRecordTimestamp: time,
      },
    },
  });
  const [kept] = Object.values((await keeper.events())[0]!.records).flat();
  assert.equal(kept!.key, Buffer.from('k').toString('base64'));
  const record = JSON.parse(textOf(kept!));
  assert.deepEqual(record.KafkaBatchInfo, {
    batchSize: 1,
    bootstrapServers: kafka.plaintext,
    payloadSize,
    recordInfo: { offset: '0', timestamp: time },
  });
  assert.deepEqual(record.payload, (await second.events())[0]);
  // The offset is past what has been given up.
  await until(async () => (await topics.committed(first.uuid, 'given-up')) === 1);
});

test('what is reported as failed comes again from the first of it on, and a batch that fails is bisected', async () => {
  await topics.create('partly');
  await topics.put('partly', ['a', 'item', 'c']);
  const partly = await mappedTopic(server, 'partly', {
    SelfManagedEventSource,
    Topics: ['partly'],
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    MaximumRetryAttempts: 0,
  });
  await advancedUntil(server.platform, async () => (await topics.committed(partly.uuid, 'partly')) === 3);
  assert.deepEqual(await partly.batches(), [
    ['a', 'item', 'c'],
    ['item', 'c'],
  ]);

  await topics.create('bisected');
  await topics.put('bisected', ['a', 'b', 'fail', 'd']);
  const bisected = await mappedTopic(server, 'bisected', {
    SelfManagedEventSource,
    Topics: ['bisected'],
    BisectBatchOnFunctionError: true,
    MaximumRetryAttempts: 0,
  });
  await advancedUntil(server.platform, async () => (await topics.committed(bisected.uuid, 'bisected')) === 4);
  assert.deepEqual(await bisected.batches(), [
    ['a', 'b', 'fail', 'd'],
    ['a', 'b'],
    ['fail', 'd'],
    ['fail'],
    ['d'],
  ]);
});

test('filters look into keys and values, and what they keep out is done with and counted', async () => {
  await topics.create('filtered');
  await topics.put('filtered', ['{"kind":"a"}', 'plain text', '{"kind":"b"}', '{"kind":"a","n":2}']);
  const mapped = await mappedTopic(server, 'filtered', {
    SelfManagedEventSource,
    Topics: ['filtered'],
    FilterCriteria: {
      Filters: [{ Pattern: '{"value":{"kind":["a"]}}' }, { Pattern: '{"value":["plain text"]}' }],
    },
    MetricsConfig: { Metrics: ['EventCount'] },
  });
  await mapped.received(3);
  assert.deepEqual((await mapped.batches()).flat(), ['{"kind":"a"}', 'plain text', '{"kind":"a","n":2}']);
  await until(async () => (await topics.committed(mapped.uuid, 'filtered')) === 4);
  assert.equal(await mappingMetric(server.platform, 'PolledEventCount', mapped.uuid), 4);
  assert.equal(await mappingMetric(server.platform, 'FilteredOutEventCount', mapped.uuid), 1);
  assert.equal(await mappingMetric(server.platform, 'InvokedEventCount', mapped.uuid), 3);
});

test('reading begins at the end, or at a time, and where a group has been it goes on', async () => {
  await topics.create('begun');
  const at = (timestamp: bigint, value: string) =>
    topics.send({ topic: 'begun', partition: 0, timestamp, value: Buffer.from(value) });
  await at(1_700_000_000_000n, 'old');
  await at(1_700_000_100_000n, 'young');
  const shared = { SelfManagedEventSource, Topics: ['begun'] };
  const latest = await mappedTopic(server, 'latest', { ...shared, StartingPosition: 'LATEST' });
  const timed = await mappedTopic(server, 'timed', {
    ...shared,
    StartingPosition: 'AT_TIMESTAMP',
    StartingPositionTimestamp: new Date(1_700_000_050_000),
  });
  await at(1_700_000_200_000n, 'new');
  await Promise.all([latest.received(1), timed.received(2)]);
  assert.deepEqual((await latest.batches()).flat(), ['new']);
  assert.deepEqual((await timed.batches()).flat(), ['young', 'new']);

  await topics.commit('been-there', 'begun', 1);
  const resumed = await mappedTopic(server, 'resumed', {
    ...shared,
    StartingPosition: 'LATEST',
    SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'been-there' },
  });
  await resumed.received(2);
  assert.deepEqual((await resumed.batches()).flat(), ['young', 'new']);
});

test('an event holds six megabytes at most', async () => {
  await topics.create('large');
  const large = 'x'.repeat(900_000);
  for (let count = 0; count < 6; count += 1) await topics.put('large', [large]);
  const mapped = await mappedTopic(server, 'large', {
    SelfManagedEventSource,
    Topics: ['large'],
    MaximumBatchingWindowInSeconds: 300,
  });
  await mapped.received(5);
  const [event] = await mapped.events();
  assert.equal(event!.records['large-0']!.length, 5);
  assert.ok(Buffer.byteLength(JSON.stringify(event)) <= 6 * 1024 * 1024);
});

test('partitions that are added are read from their beginning', async () => {
  await topics.create('grown');
  const mapped = await mappedTopic(server, 'grown', {
    SelfManagedEventSource,
    Topics: ['grown'],
    StartingPosition: 'LATEST',
  });
  await topics.addPartitions('grown', 2);
  await topics.put('grown', ['in the new one'], 1);
  await advancedUntil(server.platform, async () => (await mapped.batches()).length > 0);
  assert.deepEqual(Object.keys((await mapped.events())[0]!.records), ['grown-1']);
});

test('a batch is filled for half a second where nothing else is asked for', async () => {
  await topics.create('gathered');
  await topics.put('gathered', ['one']);
  const mapped = await mappedTopic(server, 'gathered', { SelfManagedEventSource, Topics: ['gathered'] }, {});
  await topics.put('gathered', ['two']);
  await advancedUntil(server.platform, async () => (await mapped.batches()).length > 0);
  await mapped.received(2);
});
