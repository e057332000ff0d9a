/** How mappings get into clusters of Kafka that do not let everybody in, and what becomes of them while a broker is down. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { KAFKA_USER, startKafka } from '../../brokers/kafka-server.ts';
import { clientSettings } from '../../kit/started-platform.ts';
import { asynchronous } from '../events/recording-function.ts';
import { advancedUntil } from './mapped-stream.ts';
import { lastResult, mappedTopic, TopicWriter, until } from './mapped-topic.ts';

const kafka = await startKafka();
after(() => kafka.close());
const topics = new TopicWriter(kafka.plaintext);
after(() => topics.close());
const server = await asynchronous();
const secrets = new SecretsManagerClient(clientSettings(server.platform));
after(() => secrets.destroy());

const secret = async (Name: string, value: object): Promise<string> =>
  (await secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }))).ARN!;
const at = (address: string) => ({ Endpoints: { KAFKA_BOOTSTRAP_SERVERS: [address] } });
const root = await secret('root', { certificate: kafka.certificate });
const user = await secret('user', KAFKA_USER);

for (const Type of ['BASIC_AUTH', 'SASL_SCRAM_256_AUTH', 'SASL_SCRAM_512_AUTH'] as const) {
  test(`a user gets in by ${Type}`, async () => {
    const name = `as-${Type.toLowerCase()}`;
    await topics.create(name);
    await topics.put(name, ['in']);
    const mapped = await mappedTopic(server, name, {
      SelfManagedEventSource: at(kafka.sasl),
      Topics: [name],
      SourceAccessConfigurations: [
        { Type, URI: user },
        { Type: 'SERVER_ROOT_CA_CERTIFICATE', URI: root },
      ],
    });
    await mapped.received(1);
    assert.deepEqual(await mapped.batches(), [['in']]);
  });
}

test('a certificate of its own lets a mapping in', async () => {
  await topics.create('certified');
  await topics.put('certified', ['in']);
  const { certificate, privateKey } = kafka;
  const mapped = await mappedTopic(server, 'certified', {
    SelfManagedEventSource: at(kafka.tls),
    Topics: ['certified'],
    SourceAccessConfigurations: [
      { Type: 'CLIENT_CERTIFICATE_TLS_AUTH', URI: await secret('own', { certificate, privateKey }) },
      { Type: 'SERVER_ROOT_CA_CERTIFICATE', URI: root },
    ],
  });
  await mapped.received(1);
});

test('a wrong password is told of, and the right one is taken once it is there', async () => {
  await topics.create('locked');
  await topics.put('locked', ['late']);
  const wrong = await secret('wrong', { ...KAFKA_USER, password: 'other' });
  const mapped = await mappedTopic(server, 'locked', {
    SelfManagedEventSource: at(kafka.sasl),
    Topics: ['locked'],
    SourceAccessConfigurations: [
      { Type: 'BASIC_AUTH', URI: wrong },
      { Type: 'SERVER_ROOT_CA_CERTIFICATE', URI: root },
    ],
  });
  await until(async () => (await lastResult(server, mapped.uuid)).startsWith('PROBLEM: '));
  assert.deepEqual(await mapped.batches(), []);
  await secrets.send(
    new PutSecretValueCommand({ SecretId: wrong, SecretString: JSON.stringify(KAFKA_USER) }),
  );
  await advancedUntil(server.platform, async () => (await mapped.batches()).length > 0);
});

test('a broker that is down comes back, and nothing is lost', async () => {
  await topics.create('kept');
  await topics.put('kept', ['before']);
  const mapped = await mappedTopic(server, 'kept', {
    SelfManagedEventSource: at(kafka.plaintext),
    Topics: ['kept'],
  });
  await mapped.received(1);
  await topics.put('kept', ['while']);
  await kafka.stop();
  await until(async () => (await lastResult(server, mapped.uuid)).startsWith('PROBLEM: '));
  await kafka.start();
  const late = new TopicWriter(kafka.plaintext);
  await late.put('kept', ['after']);
  await late.close();
  await advancedUntil(server.platform, async () => new Set((await mapped.batches()).flat()).size === 3);
});
