import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caller, openTestKinesis } from './opened-kinesis.ts';

type Opened = Awaited<ReturnType<typeof openTestKinesis>>;

/** What the store still holds, of all shards that it knows. */
async function stored({ shards }: Pick<Opened, 'shards'>): Promise<number> {
  let count = 0;
  for (const { shard } of await shards.ends()) {
    const range = { shard, after: 0, sinceMs: 0, maxBytes: 1_000_000, maxRecords: 1_000 };
    count += (await shards.read(range)).length;
  }
  return count;
}

test('what is too old leaves the disk, and closed shards with their last record', async (context) => {
  const kinesis = await openTestKinesis(context);
  await kinesis.stream('s');
  await kinesis.put('s', 'key', 'one');
  await kinesis.clock.advance('12h');
  await kinesis.put('s', 'key', 'two');
  await kinesis.operations.SplitShard(
    { StreamName: 's', ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '5' },
    caller(),
  );
  await kinesis.settle();
  assert.equal(await stored(kinesis), 2);
  await kinesis.clock.advance('13h');
  assert.equal(await stored(kinesis), 1);
  await kinesis.clock.advance('12h');
  assert.equal(await stored(kinesis), 0);
  assert.deepEqual(await kinesis.shards.ends(), [], 'no shard is left that ever held a record');
});

test('a stream that is deleted leaves nothing on disk, also when the server ends meanwhile', async (context) => {
  const first = await openTestKinesis(context);
  await first.stream('s');
  await first.put('s', 'key', 'one');
  await first.operations.DeleteStream({ StreamName: 's' }, caller());
  const second = await first.reopen();
  assert.equal(await stored(second), 1);
  await second.settle();
  assert.equal(await stored(second), 0);
});
