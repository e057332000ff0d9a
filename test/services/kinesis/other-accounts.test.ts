/** Streams under authorization: what iterators and tokens lead to is asked for, and policies let other accounts in. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IAMClient } from '@aws-sdk/client-iam';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-kinesis';
import type { Platform } from '../../../src/index.ts';
import { openPlatform } from '../../kit/started-platform.ts';
import type { KeyPair } from '../iam/iam-clients.ts';
import { allow, document, newUser, settingsOf } from '../iam/iam-clients.ts';
import { FIRST_SHARD, textsOf } from './kinesis-tester.ts';

const OTHER: KeyPair = { accessKeyId: '111122223333', secretAccessKey: 'test' };
const StreamName = 's';
const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';

let platform: Platform;
let root: KinesisClient;
before(async () => {
  platform = await openPlatform({ authorization: true, frozenClock: true });
  root = new KinesisClient(settingsOf(platform));
  await root.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }));
  await platform.clock.advance(1000);
  const Data = Buffer.from('secret');
  await root.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', ExplicitHashKey: '0', Data }));
});
after(async () => {
  root.destroy();
  await platform.close();
});

function iteratorCommand(): GetShardIteratorCommand {
  return new GetShardIteratorCommand({ StreamARN, ShardId: FIRST_SHARD, ShardIteratorType: 'TRIM_HORIZON' });
}

test('who may use one stream may read it by its iterators, and no other', async (context) => {
  const iam = new IAMClient(settingsOf(platform));
  const owner = new KinesisClient(
    settingsOf(platform, await newUser(iam, 'owner', allow('kinesis:*', StreamARN))),
  );
  const elsewhere = allow('kinesis:*', `${StreamARN}2`);
  const stranger = new KinesisClient(settingsOf(platform, await newUser(iam, 'stranger', elsewhere)));
  context.after(() => {
    for (const client of [owner, stranger, iam]) client.destroy();
  });
  const { ShardIterator } = await owner.send(iteratorCommand());
  const { Records } = await owner.send(new GetRecordsCommand({ ShardIterator }));
  assert.deepEqual(textsOf(Records), ['secret']);
  const { NextToken } = await owner.send(new ListShardsCommand({ StreamName, MaxResults: 1 }));
  assert.equal((await owner.send(new ListShardsCommand({ NextToken }))).Shards!.length, 1);
  const denied = { name: 'AccessDeniedException' };
  await assert.rejects(stranger.send(new GetRecordsCommand({ ShardIterator })), denied);
  const StreamARNOfTheirs = `${StreamARN}2`;
  await assert.rejects(
    stranger.send(new GetRecordsCommand({ ShardIterator, StreamARN: StreamARNOfTheirs })),
    denied,
  );
  await assert.rejects(stranger.send(new ListShardsCommand({ NextToken })), denied);
});

test('another account reads a stream when its policy says so', async (context) => {
  const guest = new KinesisClient(settingsOf(platform, OTHER));
  context.after(() => guest.destroy());
  const { ShardIterator } = await root.send(iteratorCommand());
  const denied = { name: 'AccessDeniedException' };
  await assert.rejects(guest.send(iteratorCommand()), denied);
  await assert.rejects(guest.send(new GetRecordsCommand({ ShardIterator })), denied);
  const Policy = document({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${OTHER.accessKeyId}:root` },
    Action: ['kinesis:GetShardIterator', 'kinesis:GetRecords'],
    Resource: StreamARN,
  });
  await root.send(new PutResourcePolicyCommand({ ResourceARN: StreamARN, Policy }));
  const own = await guest.send(iteratorCommand());
  const { Records } = await guest.send(new GetRecordsCommand({ ShardIterator: own.ShardIterator }));
  assert.deepEqual(textsOf(Records), ['secret']);
});
