import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import type { BlobStore } from '../../src/ports/blob-store.ts';

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
const absent = sha256(Buffer.from('never stored'));

/** Every hash the store lists, sorted. */
export async function hashes(store: BlobStore): Promise<string[]> {
  const found: string[] = [];
  for await (const hash of store.list()) found.push(hash);
  return found.sort();
}

/** What every adapter of `BlobStore` must do. */
export function blobStoreSuite(name: string, open: (test: TestContext) => Promise<BlobStore>): void {
  const promise = (sentence: string, check: (store: BlobStore) => Promise<void>) =>
    test(`${name} ${sentence}`, async (context) => check(await open(context)));

  promise('names content by its hash and gives it back', async (store) => {
    for (const content of [Buffer.from('hello'), Buffer.alloc(0), Buffer.alloc(300_000, 7)]) {
      const stored = await store.put(content);
      assert.deepEqual(stored, { sha256: sha256(content), sizeBytes: content.length });
      assert.deepEqual(await store.read(stored.sha256), content);
      assert.equal(await store.has(stored.sha256), true);
    }
  });

  promise('stores a stream as it stores a buffer', async (store) => {
    const content = Buffer.alloc(200_000, 'stream');
    const pieces = [content.subarray(0, 1), content.subarray(1, 99_999), content.subarray(99_999)];
    const stored = await store.put(Readable.from(pieces));
    assert.deepEqual(stored, { sha256: sha256(content), sizeBytes: content.length });
    assert.deepEqual(await buffer(await store.open(stored.sha256)), content);
  });

  promise('stores the same content once, also when put many times at once', async (store) => {
    const content = Buffer.from('the same');
    const puts = Array.from({ length: 12 }, (_, index) =>
      store.put(index % 2 === 0 ? content : Readable.from([content])),
    );
    const names = new Set((await Promise.all(puts)).map((stored) => stored.sha256));
    assert.deepEqual([...names], [sha256(content)]);
    assert.deepEqual(await hashes(store), [sha256(content)]);
  });

  promise('opens a range with both ends included', async (store) => {
    const { sha256: blob } = await store.put(Buffer.from('0123456789'));
    assert.equal((await buffer(await store.open(blob, { start: 2, end: 4 }))).toString(), '234');
    assert.equal((await buffer(await store.open(blob, { start: 7 }))).toString(), '789');
    assert.equal((await buffer(await store.open(blob, { end: 0 }))).toString(), '0');
  });

  promise('rejects with ENOENT what it does not have', async (store) => {
    await assert.rejects(store.open(absent), { code: 'ENOENT' });
    await assert.rejects(store.read(absent), { code: 'ENOENT' });
    await assert.rejects(store.read('../records.db'), { code: 'ENOENT' });
    assert.equal(await store.has(absent), false);
  });

  promise('deletes a blob, and an absent one without an error', async (store) => {
    const { sha256: blob } = await store.put(Buffer.from('x'));
    await store.delete(blob);
    await store.delete(blob);
    await store.delete(absent);
    assert.equal(await store.has(blob), false);
    assert.deepEqual(await hashes(store), []);
    await store.put(Buffer.from('x'));
    assert.equal((await store.read(blob)).toString(), 'x');
  });

  promise('keeps nothing of a stream that fails', async (store) => {
    const failing = Readable.from(
      (async function* () {
        yield Buffer.from('begin');
        throw new Error('the client went away');
      })(),
    );
    await assert.rejects(store.put(failing), /the client went away/);
    assert.deepEqual(await hashes(store), []);
  });
}
