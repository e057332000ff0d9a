import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { openFileBlobStore } from '../../../src/storage/files/blob-store.ts';
import { scratchDirectory } from '../scratch.ts';

const MEGABYTE = 1024 * 1024;

/** Counts the threads that begin while a test runs. */
function threadsOf(context: TestContext): () => number {
  let count = 0;
  const begun = (): void => {
    count += 1;
  };
  process.on('worker', begun);
  context.after(() => process.off('worker', begun));
  return () => count;
}

function* pieces(megabytes: number): Iterable<Buffer> {
  for (let piece = 0; piece < megabytes * 16; piece += 1) yield Buffer.alloc(MEGABYTE / 16, piece);
}

for (const [megabytes, threads] of [
  [1, 0],
  [9, 1],
] as const)
  test(`content of ${megabytes} MB that comes in pieces is hashed with ${threads} threads`, async (context) => {
    const blobs = await openFileBlobStore({ directory: await scratchDirectory(context) });
    const begun = threadsOf(context);
    const hash = createHash('sha256');
    for (const piece of pieces(megabytes)) hash.update(piece);
    const expected = { sha256: hash.digest('hex'), sizeBytes: megabytes * MEGABYTE };
    assert.deepEqual(await blobs.put(Readable.from(pieces(megabytes))), expected);
    assert.equal(begun(), threads);
    assert.equal((await blobs.read(expected.sha256)).length, expected.sizeBytes);
  });

test('content that breaks off leaves no thread behind', async (context) => {
  const blobs = await openFileBlobStore({ directory: await scratchDirectory(context) });
  const ended = Promise.withResolvers<void>();
  const begun = (worker: NodeJS.EventEmitter): void => void worker.once('exit', () => ended.resolve());
  process.once('worker', begun);
  context.after(() => process.off('worker', begun));
  const broken = function* (): Iterable<Buffer> {
    yield* pieces(9);
    throw new Error('the line went dead');
  };
  await assert.rejects(blobs.put(Readable.from(broken())), /the line went dead/);
  await ended.promise;
});
