import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PlatformError } from '../../../src/core/errors.ts';
import type { ChunkRange, RecordChunk } from '../../../src/ports/shard-store.ts';
import { openSqliteShardStore } from '../../../src/storage/shards/shard-store.ts';
import { scratchDirectory } from '../scratch.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

async function opened(context: TestContext, file?: string, maxBytes?: number) {
  const path = file ?? join(await scratchDirectory(context), 'shards.db');
  const options = { file: path, log, ...(maxBytes === undefined ? {} : { maxBytes }) };
  const store = await openSqliteShardStore(options);
  context.after(() => store.close());
  const read = async (shard: string, more: Partial<ChunkRange> = {}): Promise<string[]> => {
    const range = { shard, after: 0, sinceMs: 0, maxBytes: 1_000, maxRecords: 1_000, ...more };
    return (await store.read(range)).map(({ bytes }) => Buffer.from(bytes).toString());
  };
  return { store, read, path };
}

/** Records `first` to `last`, arrived at 10 times the first position. */
function chunk(shard: string, first: number, last = first): RecordChunk {
  return { shard, first, last, arrivedMs: 10 * first, bytes: Buffer.from(`${shard}${first}-${last}`) };
}

test('what was appended to a shard is read in order, from any record on', async (context) => {
  const { store, read } = await opened(context);
  await store.append([chunk('a', 1, 3), chunk('b', 1)]);
  await store.append([chunk('a', 4)]);
  assert.deepEqual(await read('a'), ['a1-3', 'a4-4']);
  assert.deepEqual(await read('a', { after: 2 }), ['a1-3', 'a4-4'], 'the chunk with the third record');
  assert.deepEqual(await read('a', { after: 3 }), ['a4-4']);
  assert.deepEqual(await read('a', { sinceMs: 11 }), ['a4-4']);
  assert.deepEqual(await read('b'), ['b1-1']);
  assert.deepEqual(await read('c'), []);
});

test('a read ends with the chunk that is enough', async (context) => {
  const { store, read } = await opened(context);
  await store.append([chunk('a', 1, 3), chunk('a', 4, 6), chunk('a', 7)]);
  assert.deepEqual(await read('a', { maxRecords: 3 }), ['a1-3']);
  assert.deepEqual(await read('a', { maxRecords: 3, after: 2 }), ['a1-3', 'a4-6']);
  assert.deepEqual(await read('a', { maxBytes: 5 }), ['a1-3', 'a4-6']);
});

test('a time is found as the position before what arrived then', async (context) => {
  const { store } = await opened(context);
  await store.append([chunk('a', 1, 3), chunk('a', 4)]);
  assert.equal(await store.positionBefore('a', 10), 0);
  assert.equal(await store.positionBefore('a', 11), 3);
  assert.equal(await store.positionBefore('a', 41), 4);
  assert.equal(await store.positionBefore('unknown', 41), 0);
});

test('the end of each shard is known when the file is opened again, removed records included', async (context) => {
  const { store, path } = await opened(context);
  await store.append([chunk('a', 1, 3), chunk('a', 4), chunk('b', 1, 2), chunk('gone', 1)]);
  assert.equal(await store.trim('a', 11), 40);
  assert.equal(await store.trim('b', 11), undefined);
  await store.remove(['gone']);
  await store.close();
  const again = await opened(context, path);
  assert.deepEqual(await again.store.ends(), [
    { shard: 'a', position: 4, arrivedMs: 40 },
    { shard: 'b', position: 2, arrivedMs: 0 },
  ]);
  assert.deepEqual(await again.read('a'), ['a4-4']);
});

test('of appends that are made at once, one that the disk refuses does not fail the others', async (context) => {
  const { store, read } = await opened(context, undefined, 1024 * 1024);
  const large = { ...chunk('new', 1), bytes: Buffer.alloc(2 * 1024 * 1024) };
  const outcomes = await Promise.allSettled([
    store.append([chunk('a', 1)]),
    store.append([chunk('b', 1), large]),
    store.append([chunk('a', 2)]),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.ok((outcomes[1] as PromiseRejectedResult).reason instanceof PlatformError);
  assert.deepEqual(await read('a'), ['a1-1', 'a2-2']);
  assert.deepEqual(await read('b'), [], 'all or nothing');
  // Shards first named in what was undone are made again.
  await store.append([chunk('b', 1), chunk('new', 1)]);
  assert.deepEqual([await read('b'), await read('new')], [['b1-1'], ['new1-1']]);
});
