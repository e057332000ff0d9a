import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KinesisClient, SubscribeToShardCommand } from '@aws-sdk/client-kinesis';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateScheduleGroupCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { clientSettings } from '../kit/started-platform.ts';
import { twoServers } from './two-servers.ts';

const { platform, other } = await twoServers(['dynamodb', 'events', 'kinesis', 's3', 'scheduler']);
const settings = clientSettings(platform);

test('objects go to a store elsewhere and come from there, large ones and copies too', async () => {
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a', Body: Buffer.alloc(20_000_000) }));
  await s3.send(new CopyObjectCommand({ Bucket: 'bucket', Key: 'b', CopySource: 'bucket/a' }));
  const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'b' }));
  assert.equal(ContentLength, 20_000_000);
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'c' })), { name: 'NotFound' });
  await s3.send(new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Objects: [{ Key: 'a' }] } }));
  const there = new S3Client({ ...clientSettings(other), forcePathStyle: true });
  const { Contents = [] } = await there.send(new ListObjectsV2Command({ Bucket: 'bucket' }));
  assert.deepEqual(
    Contents.map(({ Key }) => Key),
    ['b'],
  );
});

test('tables, buses and groups of schedules are made elsewhere, each in the protocol of its service', async () => {
  const table = await new DynamoDBClient(settings).send(
    new CreateTableCommand({
      TableName: 'table',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  assert.match(table.TableDescription!.TableArn!, /:table\/table$/);
  const bus = await new EventBridgeClient(settings).send(new CreateEventBusCommand({ Name: 'bus' }));
  assert.match(bus.EventBusArn!, /:event-bus\/bus$/);
  const group = await new SchedulerClient(settings).send(new CreateScheduleGroupCommand({ Name: 'group' }));
  assert.match(group.ScheduleGroupArn!, /:schedule-group\/group$/);
});

test('an operation that answers by a stream of events is refused with the endpoint that it was for', async () => {
  await assert.rejects(
    new KinesisClient(settings).send(
      new SubscribeToShardCommand({
        ConsumerARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1',
        ShardId: 'shardId-000000000000',
        StartingPosition: { Type: 'LATEST' },
      }),
    ),
    {
      name: 'NotImplemented',
      message: `selfsame does not speak kinesis:SubscribeToShard to the endpoint ${other.origin}.`,
    },
  );
});
