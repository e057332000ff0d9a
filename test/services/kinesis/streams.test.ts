import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteResourcePolicyCommand,
  DeleteStreamCommand,
  DescribeLimitsCommand,
  DescribeStreamCommand,
  EnableEnhancedMonitoringCommand,
  GetResourcePolicyCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  PutResourcePolicyCommand,
  RemoveTagsFromStreamCommand,
  UpdateMaxRecordSizeCommand,
  UpdateStreamModeCommand,
} from '@aws-sdk/client-kinesis';
import { KinesisTester, textsOf } from './kinesis-tester.ts';

/** Words of errors, unless said otherwise, as kinesalite quotes them from AWS. */
const ACCOUNT = '000000000000';

test('a stream is being made, then active, then being deleted, then gone', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = kinesis.name('s');
  await kinesis.client.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }));
  assert.equal((await kinesis.summary(StreamName)).StreamStatus, 'CREATING');
  await assert.rejects(kinesis.put(StreamName, 'early'), { name: 'ResourceNotFoundException' });
  await kinesis.settle();
  const { StreamDescription } = await kinesis.client.send(new DescribeStreamCommand({ StreamName }));
  const { Shards, StreamCreationTimestamp, ...rest } = StreamDescription!;
  assert.ok(StreamCreationTimestamp instanceof Date);
  assert.deepEqual(rest, {
    StreamName,
    StreamARN: `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/${StreamName}`,
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    HasMoreShards: false,
    RetentionPeriodHours: 24,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE',
  });
  assert.deepEqual(
    Shards!.map(({ ShardId, HashKeyRange }) => [ShardId, HashKeyRange]),
    [
      [
        'shardId-000000000000',
        { StartingHashKey: '0', EndingHashKey: '170141183460469231731687303715884105727' },
      ],
      [
        'shardId-000000000001',
        {
          StartingHashKey: '170141183460469231731687303715884105728',
          EndingHashKey: '340282366920938463463374607431768211455',
        },
      ],
    ],
  );
  await assert.rejects(kinesis.client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 })), {
    name: 'ResourceInUseException',
    message: `Stream ${StreamName} under account ${ACCOUNT} already exists.`,
  });
  await kinesis.client.send(new DeleteStreamCommand({ StreamName }));
  assert.equal((await kinesis.summary(StreamName)).StreamStatus, 'DELETING');
  await kinesis.settle();
  await assert.rejects(kinesis.summary(StreamName), {
    name: 'ResourceNotFoundException',
    message: `Stream ${StreamName} under account ${ACCOUNT} not found.`,
  });
});

test('a stream made anew under the name of another starts empty', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s');
  await kinesis.put(name, 'old');
  await kinesis.client.send(new DeleteStreamCommand({ StreamName: name }));
  await kinesis.settle();
  assert.equal(await kinesis.stream('s'), name);
  assert.deepEqual(await kinesis.texts(name), []);
});

test('streams are listed by name, a page at a time', async (context) => {
  const kinesis = await KinesisTester.alone(context);
  for (const name of ['b', 'c', 'a']) await kinesis.stream(name);
  const first = await kinesis.client.send(new ListStreamsCommand({ Limit: 2 }));
  assert.deepEqual([first.StreamNames, first.HasMoreStreams], [['a', 'b'], true]);
  const second = await kinesis.client.send(new ListStreamsCommand({ NextToken: first.NextToken }));
  assert.deepEqual([second.StreamNames, second.HasMoreStreams], [['c'], false]);
  const byName = await kinesis.client.send(new ListStreamsCommand({ ExclusiveStartStreamName: 'b' }));
  assert.deepEqual(byName.StreamNames, ['c']);
});

test('open shards of provisioned streams count to a limit, and streams on demand to another', async (context) => {
  const kinesis = await KinesisTester.alone(context);
  await kinesis.stream('a', 3);
  await kinesis.client.send(
    new CreateStreamCommand({ StreamName: 'b', StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
  );
  await kinesis.settle();
  assert.equal((await kinesis.summary('b')).OpenShardCount, 4);
  const { $metadata: _, ...limits } = await kinesis.client.send(new DescribeLimitsCommand({}));
  assert.deepEqual(limits, {
    ShardLimit: 500,
    OpenShardCount: 3,
    OnDemandStreamCount: 1,
    OnDemandStreamCountLimit: 50,
  });
  await assert.rejects(kinesis.client.send(new CreateStreamCommand({ StreamName: 'c', ShardCount: 498 })), {
    name: 'LimitExceededException',
    message:
      /^This request would exceed the shard limit for the account 000000000000 in us-east-1\. Current shard count for the account: 3\. Limit: 500\. Number of additional shards that would have resulted from this request: 498\. /,
  });
});

test('records stay as long as the stream is told to keep them', async (context) => {
  const kinesis = await KinesisTester.alone(context);
  const StreamName = await kinesis.stream('s');
  const change = async (
    command: IncreaseStreamRetentionPeriodCommand | DecreaseStreamRetentionPeriodCommand,
  ) => {
    await kinesis.client.send(command as IncreaseStreamRetentionPeriodCommand);
    assert.equal((await kinesis.summary(StreamName)).StreamStatus, 'UPDATING');
    await kinesis.settle();
  };
  await change(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 8760 }));
  await kinesis.put(StreamName, 'kept');
  await kinesis.platform.clock.advance('364d');
  assert.deepEqual(await kinesis.texts(StreamName), ['kept']);
  await kinesis.platform.clock.advance('2d');
  assert.deepEqual(await kinesis.texts(StreamName), []);
  await kinesis.put(StreamName, 'two');
  await kinesis.platform.clock.advance('25h');
  await change(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 24 }));
  assert.deepEqual(await kinesis.texts(StreamName), []);
  const refusals: [number, string][] = [
    [23, 'Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.'],
    [
      8761,
      'Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long.',
    ],
  ];
  for (const [RetentionPeriodHours, message] of refusals) {
    await assert.rejects(
      kinesis.client.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours })),
      { name: 'InvalidArgumentException', message },
    );
  }
  await assert.rejects(
    kinesis.client.send(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 48 })),
    {
      name: 'InvalidArgumentException',
      message: `Requested retention period (48 hours) for stream ${StreamName} can not be longer than existing retention period (24 hours). Use IncreaseRetentionPeriod API.`,
    },
  );
});

test('the mode changes twice a day, and on demand shards are not the caller’s affair', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s');
  const { StreamARN } = await kinesis.summary(name);
  for (const StreamMode of ['ON_DEMAND', 'PROVISIONED'] as const) {
    await kinesis.client.send(new UpdateStreamModeCommand({ StreamARN, StreamModeDetails: { StreamMode } }));
    await kinesis.settle();
    assert.equal((await kinesis.summary(name)).StreamModeDetails?.StreamMode, StreamMode);
  }
  await assert.rejects(
    kinesis.client.send(
      new UpdateStreamModeCommand({ StreamARN, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
    ),
    { name: 'LimitExceededException' },
  );
});

test('a record is as large as its stream takes it, key and data together', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s');
  const large = 'x'.repeat(1024 * 1024);
  await assert.rejects(kinesis.put(name, large, 'k'), { name: 'InvalidArgumentException' });
  const { StreamARN } = await kinesis.summary(name);
  await kinesis.client.send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 2048 }));
  await kinesis.settle();
  await kinesis.put(name, large, 'k');
  const { Records } = await kinesis.get(await kinesis.iterator(name, 'TRIM_HORIZON'));
  assert.deepEqual(textsOf(Records), [large]);
});

test('tags are added, listed a page at a time, and removed', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s');
  await kinesis.client.send(new AddTagsToStreamCommand({ StreamName, Tags: { b: '2', a: '1' } }));
  const page = await kinesis.client.send(new ListTagsForStreamCommand({ StreamName, Limit: 1 }));
  assert.deepEqual([page.Tags, page.HasMoreTags], [[{ Key: 'a', Value: '1' }], true]);
  await kinesis.client.send(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ['a'] }));
  const left = await kinesis.client.send(new ListTagsForStreamCommand({ StreamName }));
  assert.deepEqual([left.Tags, left.HasMoreTags], [[{ Key: 'b', Value: '2' }], false]);
});

test('a stream has a policy while one is put to it, which has to be one', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const { StreamARN: ResourceARN } = await kinesis.summary(await kinesis.stream('s'));
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111111111111:root' },
        Action: 'kinesis:PutRecord',
        Resource: ResourceARN,
      },
    ],
  });
  await assert.rejects(
    kinesis.client.send(new PutResourcePolicyCommand({ ResourceARN, Policy: '{"a":1}' })),
    { name: 'InvalidArgumentException' },
  );
  await kinesis.client.send(new PutResourcePolicyCommand({ ResourceARN, Policy }));
  const held = await kinesis.client.send(new GetResourcePolicyCommand({ ResourceARN }));
  assert.equal(held.Policy, Policy);
  await kinesis.client.send(new DeleteResourcePolicyCommand({ ResourceARN }));
  await assert.rejects(kinesis.client.send(new GetResourcePolicyCommand({ ResourceARN })), {
    name: 'ResourceNotFoundException',
  });
});

test('enhanced monitoring reports what it is on for, by shard', async (context) => {
  const kinesis = await KinesisTester.alone(context);
  const StreamName = await kinesis.stream('s');
  await kinesis.put(StreamName, 'unseen');
  const answer = await kinesis.client.send(
    new EnableEnhancedMonitoringCommand({
      StreamName,
      ShardLevelMetrics: ['IncomingBytes', 'IncomingRecords'],
    }),
  );
  assert.deepEqual(answer.CurrentShardLevelMetrics, []);
  assert.deepEqual(answer.DesiredShardLevelMetrics, ['IncomingBytes', 'IncomingRecords']);
  await kinesis.settle();
  await kinesis.put(StreamName, 'seen', 'key');
  await kinesis.texts(StreamName);
  const { metrics } = (await (await fetch(`${kinesis.platform.origin}/_selfsame/metrics`)).json()) as {
    metrics: { namespace: string; name: string; sum: number; dimensions: object }[];
  };
  const dimensions = { StreamName, ShardId: 'shardId-000000000000' };
  assert.deepEqual(
    metrics
      .filter(({ namespace }) => namespace === 'AWS/Kinesis')
      .map(({ name, sum, dimensions }) => [name, sum, dimensions]),
    [
      ['IncomingBytes', 7, dimensions],
      ['IncomingRecords', 1, dimensions],
    ],
  );
});
