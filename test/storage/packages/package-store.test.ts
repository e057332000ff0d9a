import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BlobStore } from '../../../src/ports/blob-store.ts';
import type { PackageStore } from '../../../src/ports/package-store.ts';
import { openFileBlobStore } from '../../../src/storage/files/blob-store.ts';
import { openPackageStore } from '../../../src/storage/packages/package-store.ts';
import { zipOf } from '../../kit/zip.ts';
import { hashes } from '../../ports/blob-store-suite.ts';
import { scratchDirectory } from '../scratch.ts';

const MAX_BYTES = 262_144_000;
const BOOT = async (): Promise<string> => 'this boot';

interface Opened {
  readonly store: PackageStore;
  readonly blobs: BlobStore;
  /** Where packages are extracted. */
  readonly directory: string;
}

async function opened(context: TestContext, path?: string, bootId = BOOT): Promise<Opened> {
  const root = path ?? (await scratchDirectory(context));
  const directory = join(root, 'packages');
  await mkdir(directory, { recursive: true });
  const blobs = await openFileBlobStore({ directory: join(root, 'blobs') });
  const store = await openPackageStore({ directory, blobs, bootId });
  context.after(() => store.close());
  return { store, blobs, directory };
}

const onlyPackages = async (directory: string): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name !== 'boot-id');

test('a package is named by the hash of its zip and kept as it came', async (context) => {
  const { store, blobs } = await opened(context);
  const zip = await zipOf({ 'index.js': '1', 'lib/a.js': '22' });
  const stored = await store.ingest(zip, MAX_BYTES);
  assert.equal(stored.blob, createHash('sha256').update(zip).digest('hex'));
  assert.deepEqual([stored.sizeBytes, stored.unpackedBytes], [zip.length, 3]);
  assert.ok((await blobs.read(stored.blob)).equals(zip));
});

test('a zip that is refused is not stored', async (context) => {
  const { store, blobs } = await opened(context);
  await assert.rejects(store.ingest(Buffer.from('no zip'), MAX_BYTES), { name: 'PackageRejected' });
  await assert.rejects(store.ingest(await zipOf({ a: 'abc' }), 2), { kind: 'too-large-unpacked' });
  assert.deepEqual(await hashes(blobs), []);
});

test('many at once who need one package share one directory, extracted once', async (context) => {
  const { store, directory } = await opened(context);
  const { blob } = await store.ingest(await zipOf({ 'index.js': 'x' }), MAX_BYTES);
  const paths = await Promise.all(Array.from({ length: 20 }, () => store.acquire(blob)));
  assert.deepEqual([...new Set(paths)], [join(directory, blob)]);
  const { ino } = await stat(join(directory, blob, 'index.js'));
  assert.equal(await store.acquire(blob), paths[0]);
  assert.equal((await stat(join(directory, blob, 'index.js'))).ino, ino, 'the files are the same as before');
});

test('a package stays while a record refers to it, an environment uses it, or its record is on the way', async (context) => {
  const { store, blobs, directory } = await opened(context);
  const referenced = new Set<string>();
  await store.collect((blob) => referenced.has(blob));
  const { blob, settle } = await store.ingest(await zipOf({ 'index.js': 'x' }), MAX_BYTES);
  const isThere = async (): Promise<boolean[]> => {
    await store.idle();
    return [await blobs.has(blob), (await onlyPackages(directory)).includes(blob)];
  };

  store.discard(blob);
  assert.deepEqual(await isThere(), [true, false], 'its record is on the way');
  referenced.add(blob);
  settle();
  assert.deepEqual(await isThere(), [true, false], 'a record refers to it');
  await store.acquire(blob);
  await store.acquire(blob);
  referenced.delete(blob);
  store.discard(blob);
  assert.deepEqual(await isThere(), [true, true], 'two environments use it');
  store.release(blob);
  assert.deepEqual(await isThere(), [true, true], 'one environment uses it');
  store.release(blob);
  assert.deepEqual(await isThere(), [false, false], 'nobody needs it');
});

test('a package whose record was never stored goes again', async (context) => {
  const { store, blobs } = await opened(context);
  await store.collect(() => false);
  const zip = await zipOf({ 'index.js': 'x' });
  const [first, second] = await Promise.all([store.ingest(zip, MAX_BYTES), store.ingest(zip, MAX_BYTES)]);
  first.settle();
  await store.idle();
  assert.deepEqual(await hashes(blobs), [first.blob], 'the other request still needs it');
  second.settle();
  await store.idle();
  assert.deepEqual(await hashes(blobs), []);
});

test('a package stored again while it is being removed is there afterwards', async (context) => {
  const root = await scratchDirectory(context);
  const directory = join(root, 'packages');
  await mkdir(directory);
  const blobs = await openFileBlobStore({ directory: join(root, 'blobs') });
  const zip = await zipOf({ 'index.js': 'x' });
  const deleting = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const events: string[] = [];
  const slow: BlobStore = {
    put(content) {
      events.push(content === zip ? 'put' : 'put of another');
      return blobs.put(content);
    },
    open: (sha256, range) => blobs.open(sha256, range),
    read: (sha256) => blobs.read(sha256),
    has: (sha256) => blobs.has(sha256),
    list: () => blobs.list(),
    async delete(sha256) {
      deleting.resolve();
      await gate.promise;
      await blobs.delete(sha256);
      events.push('deleted');
    },
  };
  const store = await openPackageStore({ directory, blobs: slow, bootId: BOOT });
  context.after(() => store.close());
  await store.collect(() => false);
  const first = await store.ingest(zip, MAX_BYTES);
  first.settle();
  await deleting.promise;
  const again = store.ingest(zip, MAX_BYTES);
  // By the time that a later one is stored this one would be too, did it not wait.
  await store.ingest(await zipOf({ 'other.js': 'y' }), MAX_BYTES);
  gate.resolve();
  const { blob } = await again;
  assert.deepEqual(events, ['put', 'put of another', 'deleted', 'put']);
  assert.equal(await readFile(join(await store.acquire(blob), 'index.js'), 'utf8'), 'x');
});

test('after a restart whole directories are used again, and those without a record go', async (context) => {
  const root = await scratchDirectory(context);
  const before = await opened(context, root);
  const kept = await before.store.ingest(await zipOf({ a: 'kept' }), MAX_BYTES);
  const gone = await before.store.ingest(await zipOf({ a: 'gone' }), MAX_BYTES);
  await before.store.acquire(gone.blob);
  const { ino } = await stat(join(await before.store.acquire(kept.blob), 'a'));
  await mkdir(join(before.directory, 'unfinished-left-by-a-crash'));
  await before.store.close();

  const after = await opened(context, root);
  assert.deepEqual((await onlyPackages(after.directory)).sort(), [kept.blob, gone.blob].sort());
  await after.store.collect((blob) => blob === kept.blob);
  assert.deepEqual(await onlyPackages(after.directory), [kept.blob]);
  assert.deepEqual(await hashes(after.blobs), [kept.blob]);
  assert.equal((await stat(join(await after.store.acquire(kept.blob), 'a'))).ino, ino);
});

test('after the host has been started anew packages are extracted anew', async (context) => {
  const root = await scratchDirectory(context);
  const before = await opened(context, root);
  const { blob } = await before.store.ingest(await zipOf({ a: 'whole' }), MAX_BYTES);
  // What a power failure may leave of a file that was never synced.
  await writeFile(join(await before.store.acquire(blob), 'a'), '');
  await before.store.close();

  const after = await opened(context, root, async () => 'another boot');
  assert.equal(await readFile(join(await after.store.acquire(blob), 'a'), 'utf8'), 'whole');
  await after.store.close();
  const unknown = await opened(context, root, async () => undefined as never);
  assert.deepEqual(await readdir(unknown.directory), [], 'nor is one trusted where boots have no name');
});

test('a package that is not stored is an error with a remedy, and can be had once it is', async (context) => {
  const { store, blobs } = await opened(context);
  const zip = await zipOf({ a: 'x' });
  const { blob } = await store.ingest(zip, MAX_BYTES);
  await blobs.delete(blob);
  await assert.rejects(store.acquire(blob), {
    name: 'PlatformError',
    remedy: 'Update the function with its code.',
  });
  await store.ingest(zip, MAX_BYTES);
  assert.equal(await readFile(join(await store.acquire(blob), 'a'), 'utf8'), 'x');
});

test('a package that cannot be written is an error of the platform, and leaves nothing behind', async (context) => {
  const { store, directory } = await opened(context);
  const { blob } = await store.ingest(
    await zipOf({ ['n'.repeat(300)]: 'a name no file can have' }),
    MAX_BYTES,
  );
  await assert.rejects(store.acquire(blob), {
    name: 'PlatformError',
    message: /could not be extracted: ENAMETOOLONG/,
  });
  assert.deepEqual(await onlyPackages(directory), []);
  await rm(directory, { recursive: true });
  await assert.rejects(store.acquire(blob), { name: 'PlatformError' });
});

test('what others made of a package goes with it, also where it was made too late', async (context) => {
  const { store, directory } = await opened(context);
  const { blob, settle } = await store.ingest(await zipOf({ 'index.js': 'x' }), MAX_BYTES);
  await store.acquire(blob);
  await store.collect(() => false);
  const file = store.companion(blob, 'owner');
  const make = async (): Promise<void> => {
    await mkdir(dirname(file));
    await writeFile(file, 'made');
  };
  await make();
  store.release(blob);
  settle();
  await store.idle();
  assert.deepEqual(await onlyPackages(directory), []);
  await make();
  await store.collect(() => false);
  assert.deepEqual(await onlyPackages(directory), []);
});
