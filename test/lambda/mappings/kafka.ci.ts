/** Topics of a real Kafka broker as event sources. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startKafka } from '../../brokers/kafka-server.ts';
import { asynchronous } from '../events/recording-function.ts';
import { mappedTopic, TopicWriter } from './mapped-topic.ts';

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
