import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  RegisterStreamConsumerCommand,
  StartStreamEncryptionCommand,
  StopStreamEncryptionCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { clientSettings } from '../../kit/started-platform.ts';
import { FIRST_SHARD, KinesisTester, textsOf } from './kinesis-tester.ts';

async function encrypted(context: TestContext) {
  const kinesis = await KinesisTester.alone(context);
  const kms = new KMSClient(clientSettings(kinesis.platform));
  context.after(() => kms.destroy());
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const KeyId = KeyMetadata!.KeyId!;
  const StreamName = await kinesis.stream('s');
  await kinesis.put(StreamName, 'readable on disk');
  await kinesis.client.send(new StartStreamEncryptionCommand({ StreamName, EncryptionType: 'KMS', KeyId }));
  assert.equal((await kinesis.summary(StreamName)).StreamStatus, 'UPDATING');
  await kinesis.settle();
  return { kinesis, kms, KeyId, StreamName };
}

/** Of a new consumer's subscription. */
async function firstEvent(kinesis: KinesisTester, name: string): Promise<unknown> {
  const { StreamARN } = await kinesis.summary(name);
  const register = new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'c' });
  const { ConsumerARN } = (await kinesis.client.send(register)).Consumer!;
  await kinesis.settle();
  const { EventStream } = await kinesis.client.send(
    new SubscribeToShardCommand({
      ConsumerARN,
      ShardId: FIRST_SHARD,
      StartingPosition: { Type: 'TRIM_HORIZON' },
    }),
  );
  for await (const event of EventStream!) return event;
  return undefined;
}

test('what is put into an encrypted stream is on disk as nobody can read it', async (context) => {
  const { kinesis, KeyId, StreamName } = await encrypted(context);
  const summary = await kinesis.summary(StreamName);
  assert.deepEqual([summary.EncryptionType, summary.KeyId], ['KMS', KeyId]);
  const answer = await kinesis.put(StreamName, 'secret to all others');
  assert.equal(answer.EncryptionType, 'KMS');
  const { Records } = await kinesis.get(await kinesis.iterator(StreamName, 'TRIM_HORIZON'));
  assert.deepEqual(textsOf(Records), ['readable on disk', 'secret to all others']);
  assert.deepEqual(
    Records!.map(({ EncryptionType }) => EncryptionType),
    [undefined, 'KMS'],
  );
  const { dataDirectory } = kinesis.platform.facts;
  const files = ['shards.db', 'shards.db-wal'].map((name) => readFile(join(dataDirectory, name), 'latin1'));
  const stored = (await Promise.all(files)).join('');
  assert.ok(stored.includes('readable on disk'), 'the test looks where records are');
  assert.ok(!stored.includes('secret'));
});

test('with its key disabled a stream is neither written nor read, five minutes after it was used', async (context) => {
  const { kinesis, kms, KeyId, StreamName } = await encrypted(context);
  await kinesis.put(StreamName, 'one');
  await kms.send(new DisableKeyCommand({ KeyId }));
  await kinesis.put(StreamName, 'two');
  await kinesis.platform.clock.advance(300_000);
  await assert.rejects(kinesis.put(StreamName, 'three'), { name: 'KMSDisabledException' });
  await assert.rejects(kinesis.texts(StreamName), { name: 'KMSDisabledException' });
  await assert.rejects(firstEvent(kinesis, StreamName), { name: 'KMSDisabledException' });
  await kms.send(new EnableKeyCommand({ KeyId }));
  await kinesis.put(StreamName, 'four');
  assert.deepEqual(await kinesis.texts(StreamName), ['readable on disk', 'one', 'two', 'four']);
});

test('what was encrypted stays so when encryption is stopped, and what comes then is not', async (context) => {
  const { kinesis, StreamName } = await encrypted(context);
  await kinesis.put(StreamName, 'one');
  await kinesis.client.send(
    new StopStreamEncryptionCommand({ StreamName, EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' }),
  );
  await kinesis.settle();
  assert.equal((await kinesis.summary(StreamName)).EncryptionType, 'NONE');
  const answer = await kinesis.put(StreamName, 'two');
  assert.equal(answer.EncryptionType, undefined);
  assert.deepEqual(await kinesis.texts(StreamName), ['readable on disk', 'one', 'two']);
});

test('a key that is not there is refused at once; the one of AWS is there', async (context) => {
  const kinesis = await KinesisTester.alone(context);
  const StreamName = await kinesis.stream('s');
  const begin = (KeyId: string) =>
    kinesis.client.send(new StartStreamEncryptionCommand({ StreamName, EncryptionType: 'KMS', KeyId }));
  await assert.rejects(begin('5a8e0000-0000-4000-8000-000000000000'), { name: 'KMSNotFoundException' });
  assert.equal((await kinesis.summary(StreamName)).StreamStatus, 'ACTIVE');
  await begin('alias/aws/kinesis');
  await kinesis.settle();
  await kinesis.put(StreamName, 'one');
  assert.deepEqual(await kinesis.texts(StreamName), ['one']);
});
