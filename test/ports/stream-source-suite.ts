import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ShardRead, StreamSource } from '../../src/ports/stream-source.ts';

/** A stream with one shard, and what a test does to it. */
export interface TestStream {
  readonly source: StreamSource;
  readonly arn: string;
  /** Puts one record; resolves when it can be read. */
  put(key: string): Promise<unknown>;
  /** Closes the shard, from which others come. */
  reshard(): Promise<unknown>;
  /** Takes the stream away. */
  remove(): Promise<unknown>;
}

const never = new AbortController().signal;

/** What every adapter of `StreamSource` must do. */
export function streamSourceSuite(name: string, open: (context: TestContext) => Promise<TestStream>): void {
  const promise = (sentence: string, check: (stream: TestStream, shardId: string) => Promise<void>) =>
    test(`${name} ${sentence}`, async (context) => {
      const stream = await open(context);
      const [shard] = await stream.source.shards(stream.arn);
      await check(stream, shard!.shardId);
    });
  const keys = ({ records }: ShardRead) => records.map(({ orderKey }) => orderKey);

  promise('gives records in order, each with a cursor behind it', async (stream, shardId) => {
    const { source, arn } = stream;
    for (const key of ['a', 'b', 'c']) await stream.put(key);
    const start = await source.open(arn, shardId, { at: 'TRIM_HORIZON' });
    const all = await source.read(arn, shardId, start, { max: 10, signal: never });
    assert.equal(all.records.length, 3);
    const [first, second, third] = keys(all);
    const two = await source.read(arn, shardId, start, { max: 2, signal: never });
    assert.deepEqual(keys(two), [first, second]);
    const behindFirst = JSON.parse(JSON.stringify(all.records[0]!.cursor)) as string;
    const rest = await source.read(arn, shardId, behindFirst, { max: 10, signal: never });
    assert.deepEqual(keys(rest), [second, third]);
    assert.equal(new Set([first, second, third]).size, 3);
  });

  promise('numbers its records upwards, as texts of numbers', async (stream, shardId) => {
    const { source, arn } = stream;
    for (let number = 0; number < 12; number += 1) await stream.put(`k${number}`);
    const start = await source.open(arn, shardId, { at: 'TRIM_HORIZON' });
    const { records } = await source.read(arn, shardId, start, { max: 100, signal: never });
    const numbers = records.map(({ sequenceNumber }) => sequenceNumber);
    const isAscending = numbers.every(
      (number, index) => index === 0 || BigInt(number) > BigInt(numbers[index - 1]!),
    );
    assert.ok(isAscending, numbers.join());
  });

  promise('begins behind the newest record where it is asked to', async (stream, shardId) => {
    const { source, arn } = stream;
    await stream.put('before');
    const latest = await source.open(arn, shardId, { at: 'LATEST' });
    await stream.put('after');
    const read = await source.read(arn, shardId, latest, { max: 10, signal: never });
    assert.equal(read.records.length, 1);
  });

  promise('makes a reader wait for the next record', async (stream, shardId) => {
    const { source, arn } = stream;
    const latest = await source.open(arn, shardId, { at: 'LATEST' });
    const reading = source.read(arn, shardId, latest, { max: 10, signal: never });
    await stream.put('a');
    const { records, isEnd } = await reading;
    assert.deepEqual([records.length, isEnd], [1, false]);
  });

  promise('lets go of a reader whose signal ends', async (stream, shardId) => {
    const { source, arn } = stream;
    const end = new AbortController();
    const start = await source.open(arn, shardId, { at: 'TRIM_HORIZON' });
    const reading = source.read(arn, shardId, start, { max: 10, signal: end.signal });
    const watching = source.shardsChanged(arn, await source.shards(arn), end.signal);
    end.abort();
    assert.deepEqual(await reading, { records: [], cursor: start, isEnd: false });
    await watching;
  });

  promise('gives what is there where the signal has ended before', async (stream, shardId) => {
    const { source, arn } = stream;
    const start = await source.open(arn, shardId, { at: 'TRIM_HORIZON' });
    const signal = AbortSignal.abort();
    assert.equal((await source.read(arn, shardId, start, { max: 10, signal })).records.length, 0);
    await stream.put('a');
    assert.equal((await source.read(arn, shardId, start, { max: 10, signal })).records.length, 1);
  });

  promise('ends a closed shard after its last record, and tells of its children', async (stream, shardId) => {
    const { source, arn } = stream;
    await stream.put('last');
    const known = await source.shards(arn);
    const changed = source.shardsChanged(arn, known, never);
    await stream.reshard();
    await changed;
    const children = (await source.shards(arn)).filter((shard) => shard.shardId !== shardId);
    assert.ok(children.length > 0);
    for (const { parentShardIds } of children) assert.deepEqual(parentShardIds, [shardId]);
    let cursor = await source.open(arn, shardId, { at: 'TRIM_HORIZON' });
    let count = 0;
    for (let isEnd = false; !isEnd; ) {
      const read = await source.read(arn, shardId, cursor, { max: 1, signal: never });
      ({ cursor, isEnd } = read);
      count += read.records.length;
    }
    assert.equal(count, 1);
  });

  promise('fails a reader of what is gone', async (stream, shardId) => {
    const { source, arn } = stream;
    const start = await source.open(arn, shardId, { at: 'TRIM_HORIZON' });
    await stream.remove();
    assert.equal(await source.exists(arn), false);
    await assert.rejects(source.read(arn, shardId, start, { max: 10, signal: never }));
  });
}
