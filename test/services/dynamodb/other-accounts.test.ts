/** Tables under authorization: policies let other accounts in, and iterators lead only to streams that one may read. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  BatchGetItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { IAMClient } from '@aws-sdk/client-iam';
import type { Platform } from '../../../src/index.ts';
import { openPlatform } from '../../kit/started-platform.ts';
import type { KeyPair } from '../iam/iam-clients.ts';
import { allow, document, newUser, settingsOf } from '../iam/iam-clients.ts';
import { createTable, put } from './dynamodb-client.ts';

const OTHER: KeyPair = { accessKeyId: '111122223333', secretAccessKey: 'test' };
const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/owned';
const Key = { pk: { S: 'a' } };
const DENIED = { name: 'AccessDeniedException' };

let platform: Platform;
let root: DynamoDBClient;
before(async () => {
  platform = await openPlatform({ authorization: true });
  root = new DynamoDBClient(settingsOf(platform));
  const StreamSpecification = { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' as const };
  await createTable(root, 'owned', { sort: 'none', StreamSpecification });
  await put(root, 'owned', Key);
});
after(async () => {
  root.destroy();
  await platform.close();
});

test('another account reads a table when its policy says so', async (context) => {
  const guest = new DynamoDBClient(settingsOf(platform, OTHER));
  context.after(() => guest.destroy());
  const get = () => guest.send(new GetItemCommand({ TableName: ARN, Key }));
  await assert.rejects(get(), DENIED);
  const Policy = document({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${OTHER.accessKeyId}:root` },
    Action: 'dynamodb:GetItem',
    Resource: ARN,
  });
  await root.send(new PutResourcePolicyCommand({ ResourceArn: ARN, Policy }));
  assert.deepEqual((await get()).Item, Key);
});

test('who may use one table reads it in batches and by its stream, and no other', async (context) => {
  const iam = new IAMClient(settingsOf(platform));
  const owner = settingsOf(platform, await newUser(iam, 'owner', allow('dynamodb:*', `${ARN}*`)));
  const stranger = settingsOf(platform, await newUser(iam, 'stranger', allow('dynamodb:*', `${ARN}2*`)));
  const [tables, streams] = [new DynamoDBClient(owner), new DynamoDBStreamsClient(owner)];
  const [otherTables, otherStreams] = [new DynamoDBClient(stranger), new DynamoDBStreamsClient(stranger)];
  context.after(() => {
    for (const client of [iam, tables, streams, otherTables, otherStreams]) client.destroy();
  });
  const batch = new BatchGetItemCommand({ RequestItems: { owned: { Keys: [Key] } } });
  assert.deepEqual((await tables.send(batch)).Responses, { owned: [Key] });
  await assert.rejects(otherTables.send(batch), DENIED);

  const { Table } = await tables.send(new DescribeTableCommand({ TableName: 'owned' }));
  const StreamArn = Table!.LatestStreamArn;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const { ShardId } = StreamDescription!.Shards![0]!;
  const start = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
  const { ShardIterator } = await streams.send(new GetShardIteratorCommand(start));
  await streams.send(new GetRecordsCommand({ ShardIterator }));
  await assert.rejects(otherStreams.send(new GetRecordsCommand({ ShardIterator })), DENIED);
});
