import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ShardFilter } from '@aws-sdk/client-kinesis';
import {
  CreateStreamCommand,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis';
import { FIRST_SHARD, KinesisTester, textsOf } from './kinesis-tester.ts';

/** Words of errors, unless said otherwise, as kinesalite quotes them from AWS. */
const ACCOUNT = '000000000000';
const LAST_KEY = 2n ** 128n - 1n;
const MIDDLE = 2n ** 127n;

const idOf = (index: number): string => `shardId-${String(index).padStart(12, '0')}`;

test('a shard is split: it takes no more records, and its children go on', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s');
  const before = await kinesis.put(StreamName, 'parent', 'k', 0n);
  const latest = await kinesis.iterator(StreamName, 'LATEST');
  await kinesis.client.send(
    new SplitShardCommand({ StreamName, ShardToSplit: FIRST_SHARD, NewStartingHashKey: String(MIDDLE) }),
  );
  assert.equal((await kinesis.summary(StreamName)).StreamStatus, 'UPDATING');
  const meanwhile = await kinesis.put(StreamName, 'meanwhile', 'k', 0n);
  assert.equal(meanwhile.ShardId, FIRST_SHARD);
  await assert.rejects(
    kinesis.client.send(
      new SplitShardCommand({ StreamName, ShardToSplit: FIRST_SHARD, NewStartingHashKey: '5' }),
    ),
    {
      name: 'ResourceInUseException',
      message: `Stream ${StreamName} under account ${ACCOUNT} not ACTIVE, instead in state UPDATING`,
    },
  );
  await kinesis.settle();
  const [parent, low, high] = await kinesis.shards(StreamName);
  assert.ok(parent!.SequenceNumberRange!.EndingSequenceNumber! > meanwhile.SequenceNumber!);
  assert.deepEqual(
    [low, high].map((shard) => [shard!.ShardId, shard!.ParentShardId, shard!.HashKeyRange]),
    [
      [idOf(1), FIRST_SHARD, { StartingHashKey: '0', EndingHashKey: String(MIDDLE - 1n) }],
      [idOf(2), FIRST_SHARD, { StartingHashKey: String(MIDDLE), EndingHashKey: String(LAST_KEY) }],
    ],
  );
  const after = await kinesis.put(StreamName, 'child', 'k', MIDDLE);
  assert.equal(after.ShardId, idOf(2));
  assert.ok(after.SequenceNumber! > parent!.SequenceNumberRange!.EndingSequenceNumber!);
  assert.ok(low!.SequenceNumberRange!.StartingSequenceNumber! > before.SequenceNumber!);

  const read = await kinesis.get(latest);
  assert.deepEqual(textsOf(read.Records), ['meanwhile']);
  assert.equal(read.NextShardIterator, undefined);
  assert.deepEqual(
    read.ChildShards,
    [low, high].map((shard) => ({
      ShardId: shard!.ShardId,
      ParentShards: [FIRST_SHARD],
      HashKeyRange: shard!.HashKeyRange,
    })),
  );
  assert.deepEqual(await kinesis.texts(StreamName, idOf(2)), ['child']);
});

test('adjacent shards are merged into one', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s', 3);
  await assert.rejects(
    kinesis.client.send(
      new MergeShardsCommand({ StreamName, ShardToMerge: idOf(0), AdjacentShardToMerge: idOf(2) }),
    ),
    {
      name: 'InvalidArgumentException',
      message: `Shards ${idOf(0)} and ${idOf(2)} in stream ${StreamName} under account ${ACCOUNT} are not an adjacent pair of shards eligible for merging`,
    },
  );
  await kinesis.client.send(
    new MergeShardsCommand({ StreamName, ShardToMerge: idOf(1), AdjacentShardToMerge: idOf(2) }),
  );
  await kinesis.settle();
  const [, second, third, merged] = await kinesis.shards(StreamName);
  assert.deepEqual(
    [merged!.ShardId, merged!.ParentShardId, merged!.AdjacentParentShardId, merged!.HashKeyRange],
    [
      idOf(3),
      idOf(1),
      idOf(2),
      {
        StartingHashKey: second!.HashKeyRange!.StartingHashKey,
        EndingHashKey: third!.HashKeyRange!.EndingHashKey,
      },
    ],
  );
  assert.equal((await kinesis.put(StreamName, 'x', 'k', LAST_KEY)).ShardId, idOf(3));
});

test('a place to split at is within the shard, and the shard is open', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s');
  const split = (NewStartingHashKey: string, ShardToSplit = FIRST_SHARD) =>
    kinesis.client.send(new SplitShardCommand({ StreamName, ShardToSplit, NewStartingHashKey }));
  for (const key of ['0', '1', String(LAST_KEY)]) {
    await assert.rejects(split(key), {
      name: 'InvalidArgumentException',
      message: `NewStartingHashKey ${key} used in SplitShard() on shard ${FIRST_SHARD} in stream ${StreamName} under account ${ACCOUNT} is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey ${LAST_KEY}.`,
    });
  }
  await assert.rejects(split('5', idOf(7)), {
    name: 'ResourceNotFoundException',
    message: `Could not find shard ${idOf(7)} in stream ${StreamName} under account ${ACCOUNT}.`,
  });
  await split('5');
  await kinesis.settle();
  await assert.rejects(split('3'), { name: 'InvalidArgumentException' });
});

test('a count of shards is reached by splits and merges, and the shards are even', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s', 2);
  const sizes = async (): Promise<bigint[]> => {
    const open = (await kinesis.shards(StreamName)).filter(
      ({ SequenceNumberRange }) => SequenceNumberRange!.EndingSequenceNumber === undefined,
    );
    const ranges = open
      .map(({ HashKeyRange }) => [
        BigInt(HashKeyRange!.StartingHashKey!),
        BigInt(HashKeyRange!.EndingHashKey!),
      ])
      .sort(([a], [b]) => (a! < b! ? -1 : 1));
    ranges.forEach(([start], index) => {
      assert.equal(start, index === 0 ? 0n : ranges[index - 1]![1]! + 1n, 'without a gap');
    });
    assert.equal(ranges.at(-1)![1], LAST_KEY);
    return ranges.map(([start, end]) => end! - start! + 1n);
  };
  const scale = async (TargetShardCount: number): Promise<bigint[]> => {
    const answer = await kinesis.client.send(
      new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' }),
    );
    assert.equal(answer.TargetShardCount, TargetShardCount);
    await kinesis.settle();
    return sizes();
  };
  for (const count of [3, 6, 4, 2]) {
    const found = await scale(count);
    const even = (LAST_KEY + 1n) / BigInt(count);
    assert.equal(found.length, count);
    for (const size of found) assert.ok(size >= even && size - even < BigInt(count), `${size} for ${even}`);
  }
  await assert.rejects(scale(5), {
    name: 'InvalidArgumentException',
    message:
      'UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 2 Target shard count: 5',
  });
  for (let count = 0; count < 6; count += 1) await scale(2);
  await assert.rejects(scale(3), { name: 'LimitExceededException' });
});

test('shards are listed by filter, a page at a time', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s', 2);
  const list = async (filter?: ShardFilter): Promise<number[]> => {
    const ids: number[] = [];
    let NextToken: string | undefined;
    do {
      const page = await kinesis.client.send(
        new ListShardsCommand(
          NextToken === undefined
            ? { StreamName, MaxResults: 1, ...(filter === undefined ? {} : { ShardFilter: filter }) }
            : { NextToken },
        ),
      );
      assert.ok(page.Shards!.length <= 1);
      ids.push(...page.Shards!.map(({ ShardId }) => Number(ShardId!.slice(-12))));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return ids;
  };
  const before = new Date(kinesis.platform.clock.now());
  await kinesis.platform.clock.advance('1h');
  await kinesis.client.send(
    new MergeShardsCommand({ StreamName, ShardToMerge: idOf(0), AdjacentShardToMerge: idOf(1) }),
  );
  await kinesis.platform.clock.advance('1h');
  const after = new Date(kinesis.platform.clock.now());
  assert.deepEqual(await list(), [0, 1, 2]);
  assert.deepEqual(await list({ Type: 'AFTER_SHARD_ID', ShardId: idOf(0) }), [1, 2]);
  assert.deepEqual(await list({ Type: 'AT_LATEST' }), [2]);
  assert.deepEqual(await list({ Type: 'AT_TRIM_HORIZON' }), [0, 1]);
  assert.deepEqual(await list({ Type: 'FROM_TRIM_HORIZON' }), [0, 1, 2]);
  assert.deepEqual(await list({ Type: 'AT_TIMESTAMP', Timestamp: before }), [0, 1]);
  assert.deepEqual(await list({ Type: 'AT_TIMESTAMP', Timestamp: after }), [2]);
  assert.deepEqual(await list({ Type: 'FROM_TIMESTAMP', Timestamp: after }), [2]);
  await kinesis.platform.clock.advance('24h');
  // Shards go with their last record.
  assert.deepEqual(await list(), [2]);
});

test('a token of a list is good for five minutes, and names its stream itself', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s', 2);
  const { NextToken } = await kinesis.client.send(new ListShardsCommand({ StreamName, MaxResults: 1 }));
  await assert.rejects(kinesis.client.send(new ListShardsCommand({ StreamName, NextToken })), {
    name: 'InvalidArgumentException',
    message: 'NextToken and StreamName cannot be provided together.',
  });
  await kinesis.platform.clock.advance(300_001);
  await assert.rejects(kinesis.client.send(new ListShardsCommand({ NextToken })), {
    name: 'ExpiredNextTokenException',
  });
});

test('a stream on demand splits the shard that had to refuse records', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = kinesis.name('s');
  await kinesis.client.send(
    new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
  );
  await kinesis.settle();
  const entry = { PartitionKey: 'k', ExplicitHashKey: '0', Data: Buffer.from('x') };
  const batch = () =>
    kinesis.client.send(new PutRecordsCommand({ StreamName, Records: Array(500).fill(entry) }));
  await batch();
  await batch();
  assert.equal((await batch()).FailedRecordCount, 500);
  await kinesis.settle();
  const children = (await kinesis.shards(StreamName)).slice(4);
  assert.deepEqual(
    children.map(({ ParentShardId, HashKeyRange }) => [ParentShardId, HashKeyRange]),
    [
      [FIRST_SHARD, { StartingHashKey: '0', EndingHashKey: String(2n ** 125n - 1n) }],
      [FIRST_SHARD, { StartingHashKey: String(2n ** 125n), EndingHashKey: String(2n ** 126n - 1n) }],
    ],
  );
});

test('shards of a stream on demand cannot be split by its callers', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = kinesis.name('s');
  await kinesis.client.send(
    new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
  );
  await kinesis.settle();
  await assert.rejects(
    kinesis.client.send(
      new UpdateShardCountCommand({ StreamName, TargetShardCount: 5, ScalingType: 'UNIFORM_SCALING' }),
    ),
    { name: 'ValidationException' },
  );
});
