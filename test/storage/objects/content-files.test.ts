import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFileContentStore } from '../../../src/storage/objects/content-files.ts';
import { scratchDirectory } from '../scratch.ts';

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function text(read: Promise<AsyncIterable<Uint8Array>>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await read) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function files(directory: string): Promise<string[]> {
  const groups = await readdir(directory);
  return (await Promise.all(groups.map((group) => readdir(join(directory, group))))).flat();
}

test('pieces are read in a row, across their borders', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openFileContentStore({ directory });
  const [first, second] = [await store.write(pieces('01', '23')), await store.write(pieces('456'))];
  assert.deepEqual([first.sizeBytes, second.sizeBytes], [4, 3]);
  assert.equal(await text(store.read([first, second], 0, 7)), '0123456');
  assert.equal(await text(store.read([first, second], 3, 5)), '34');
  assert.equal(await text(store.read([first, second], 5, 5)), '');
});

test('a copy stays when what it was made from is removed', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openFileContentStore({ directory });
  const original = await store.write(pieces('content'));
  const copy = await store.copy(original.id);
  await store.remove([original.id]);
  assert.equal(await text(store.read([copy], 0, 7)), 'content');
  await assert.rejects(store.read([original], 0, 7), { code: 'ENOENT' });
});

test('who has begun to read reads on, and the file goes with the last of them', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openFileContentStore({ directory });
  const [first, second] = [await store.write(pieces('one')), await store.write(pieces('two'))];
  const reading = await store.read([first, second], 0, 6);
  await store.remove([first.id, second.id]);
  assert.equal(await text(Promise.resolve(reading)), 'onetwo');
  assert.deepEqual(await files(directory), []);
});

test('a body that breaks off leaves nothing', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openFileContentStore({ directory });
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half');
    throw new Error('gone');
  }
  await assert.rejects(store.write(broken()), /gone/);
  assert.deepEqual(await files(directory), []);
});

test('a store opened anew gives no number twice, and keeps only what is referred to', async (context) => {
  const directory = await scratchDirectory(context);
  const before = await openFileContentStore({ directory });
  const [kept, lost] = [await before.write(pieces('kept')), await before.write(pieces('lost'))];
  const store = await openFileContentStore({ directory });
  const next = await store.write(pieces('next'));
  assert.ok(next.id > lost.id);
  await store.keepOnly([kept.id]);
  assert.deepEqual((await files(directory)).map(Number).sort(), [kept.id, next.id]);
});

test('a reader has all pieces or none, whatever is removed while it opens the first', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openFileContentStore({ directory });
  const written = async () => [await store.write(pieces('one')), await store.write(pieces('two'))];
  const first = await written();
  const reading = store.read(first, 0, 6);
  await store.remove(first.map(({ id }) => id));
  assert.equal(await text(reading), 'onetwo');
  const second = await written();
  const removal = store.remove(second.map(({ id }) => id));
  await assert.rejects(store.read(second, 0, 6), { code: 'ENOENT' });
  await removal;
  assert.deepEqual(await files(directory), []);
});

test('who opens a piece and does not read it lets it go', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openFileContentStore({ directory });
  const piece = await store.write(pieces('content'));
  const descriptors = async () => (await readdir('/proc/self/fd')).length;
  const before = await descriptors();
  const reading = await store.read([piece], 0, 7);
  await reading.return();
  assert.equal(await descriptors(), before);
  await store.remove([piece.id]);
  assert.deepEqual(await files(directory), []);
});

test('what is no part of the store does not keep it from opening', async (context) => {
  const directory = await scratchDirectory(context);
  const store = await openFileContentStore({ directory });
  await store.write(pieces('lost'));
  await mkdir(join(directory, 'lost+found'));
  const next = await openFileContentStore({ directory });
  await next.keepOnly([]);
  assert.deepEqual(await files(directory), []);
});
