/** The same calls to kinesis-local, which others have made after AWS: keys, shards and what comes of them are alike. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Shard } from '@aws-sdk/client-kinesis';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SeededRandom } from '../../faults/seeded-random.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { kinesisLocal } from './kinesis-local.ts';

/** Keys of records that are put at random. */
const RECORDS = 200;

async function oracle(context: TestContext, settings: object): Promise<KinesisClient> {
  const endpoint = await kinesisLocal(context);
  return new KinesisClient({ ...settings, endpoint, requestHandler: new NodeHttpHandler() });
}

async function untilActive(client: KinesisClient, StreamName: string): Promise<void> {
  for (;;) {
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
    if (StreamDescriptionSummary!.StreamStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * What two servers must agree about: neither their numbers, nor the bounds of keys to the last digit, as kinesis-local
 * divides 2^128 - 1 into ranges where AWS divides 2^128 (170141183460469231731687303715884105727 ends one of two).
 */
function shape({ ShardId, ParentShardId, AdjacentParentShardId, SequenceNumberRange }: Shard) {
  return {
    ShardId,
    ParentShardId,
    AdjacentParentShardId,
    isOpen: SequenceNumberRange!.EndingSequenceNumber === undefined,
  };
}

/** What comes of the same calls, so that it can be compared. */
async function outcome(client: KinesisClient, keys: readonly string[]) {
  const shards = async (StreamName: string): Promise<Shard[]> =>
    (await client.send(new ListShardsCommand({ StreamName }))).Shards!;
  const streams: Shard[][] = [];
  for (const ShardCount of [1, 2, 3, 5, 7, 8]) {
    const StreamName = `s${ShardCount}`;
    await client.send(new CreateStreamCommand({ StreamName, ShardCount }));
    await untilActive(client, StreamName);
    streams.push(await shards(StreamName));
  }
  const StreamName = 's3';
  const [first, second, third] = streams[2]!;
  const middle = String((BigInt(third!.HashKeyRange!.StartingHashKey!) + 2n ** 128n) / 2n);
  await client.send(
    new MergeShardsCommand({
      StreamName,
      ShardToMerge: first!.ShardId,
      AdjacentShardToMerge: second!.ShardId,
    }),
  );
  await untilActive(client, StreamName);
  await client.send(
    new SplitShardCommand({ StreamName, ShardToSplit: third!.ShardId, NewStartingHashKey: middle }),
  );
  await untilActive(client, StreamName);
  const resharded = await shards(StreamName);
  const put = await client.send(
    new PutRecordsCommand({
      StreamName,
      Records: keys.map((key, index) => ({
        Data: Buffer.from(String(index)),
        PartitionKey: key,
        ...(index % 3 === 0
          ? { ExplicitHashKey: String(BigInt(index) * (2n ** 128n / BigInt(RECORDS))) }
          : {}),
      })),
    }),
  );
  const read: (string | undefined)[][][] = [];
  for (const { ShardId } of resharded) {
    const start = new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' });
    const { ShardIterator } = await client.send(start);
    const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }));
    read.push(Records!.map(({ Data, PartitionKey }) => [Buffer.from(Data!).toString(), PartitionKey]));
  }
  return {
    streams: streams.map((all) => all.map(shape)),
    resharded: resharded.map(shape),
    put: put.Records!.map(({ ShardId }) => ShardId),
    read,
  };
}

test('kinesis-local makes, splits and merges shards as this server does, and puts records into the same', async (context) => {
  const random = new SeededRandom();
  console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
  const keys = Array.from({ length: RECORDS }, () => random.next().toString(36));
  const settings = clientSettings(await startedPlatform(context));
  const ours = new KinesisClient(settings);
  context.after(() => ours.destroy());
  const theirs = await oracle(context, settings);
  context.after(() => theirs.destroy());
  assert.deepEqual(await outcome(ours, keys), await outcome(theirs, keys));
});
