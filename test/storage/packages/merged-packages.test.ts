import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PackageStore } from '../../../src/ports/package-store.ts';
import { mergedPackage } from '../../../src/ports/package-store.ts';
import { openFileBlobStore } from '../../../src/storage/files/blob-store.ts';
import { openPackageStore } from '../../../src/storage/packages/package-store.ts';
import { zipOf } from '../../kit/zip.ts';
import { scratchDirectory } from '../scratch.ts';

const MAX_BYTES = 262_144_000;
const LINK = 0o120777;

interface Opened {
  readonly store: PackageStore;
  readonly directory: string;
  /** Names of what is extracted, in order. */
  extracted(): Promise<string[]>;
}

async function opened(context: TestContext, path?: string): Promise<Opened> {
  const root = path ?? (await scratchDirectory(context));
  const directory = join(root, 'packages');
  await mkdir(directory, { recursive: true });
  const blobs = await openFileBlobStore({ directory: join(root, 'blobs') });
  const store = await openPackageStore({ directory, blobs, bootId: async () => 'this boot' });
  context.after(() => store.close());
  const extracted = async (): Promise<string[]> => {
    await store.idle();
    return (await readdir(directory)).filter((name) => name !== 'boot-id').sort();
  };
  return { store, directory, extracted };
}

async function ingested(store: PackageStore, files: Parameters<typeof zipOf>[0]): Promise<string> {
  return (await store.ingest(await zipOf(files), MAX_BYTES)).blob;
}

test('packages are merged once per list, and their files are on the disk once', async (context) => {
  const { store, directory } = await opened(context);
  const under = await ingested(store, { a: 'under', 'd/x': { content: 'x', mode: 0o100755 } });
  const over = await ingested(store, { a: 'over', 'd/y': 'y' });
  const paths = await Promise.all(Array.from({ length: 10 }, () => store.acquireMerged([under, over])));
  assert.deepEqual([...new Set(paths)], [join(directory, mergedPackage([under, over]))]);
  const merged = paths[0]!;
  assert.equal(await readFile(join(merged, 'a'), 'utf8'), 'over');
  assert.deepEqual((await readdir(join(merged, 'd'))).sort(), ['x', 'y']);
  const [single, linked] = [await stat(join(directory, under, 'd/x')), await stat(join(merged, 'd/x'))];
  assert.deepEqual([linked.ino, linked.mode & 0o777], [single.ino, 0o755]);
  assert.equal(await readFile(join(directory, under, 'a'), 'utf8'), 'under', 'no package was written to');
  const reversed = await store.acquireMerged([over, under]);
  assert.equal(await readFile(join(reversed, 'a'), 'utf8'), 'under');
  assert.equal(await store.acquireMerged([over]), join(directory, over), 'one alone is not copied');
});

test('a merged tree stays while it is used or referred to, its packages only while they are', async (context) => {
  const root = await scratchDirectory(context);
  const { store, extracted } = await opened(context, root);
  const referenced = new Set<string>();
  await store.collect((name) => referenced.has(name));
  const zips = [await zipOf({ a: 'a' }), await zipOf({ b: 'b' })];
  const packages = await Promise.all(zips.map((zip) => store.ingest(zip, MAX_BYTES)));
  const blobs = packages.map(({ blob }) => blob);
  const merged = mergedPackage(blobs);
  const path = await store.acquireMerged(blobs);
  for (const { settle } of packages) settle();
  assert.deepEqual(await extracted(), [merged], 'an environment uses the tree, and nothing its packages');
  assert.deepEqual((await readdir(path)).sort(), ['a', 'b']);
  referenced.add(merged);
  store.release(merged);
  assert.deepEqual(await extracted(), [merged], 'a record refers to it');

  const again = await opened(context, root);
  await again.store.collect((name) => referenced.has(name));
  assert.deepEqual(await again.extracted(), [merged], 'a restart keeps it');
  referenced.clear();
  again.store.discard(merged);
  assert.deepEqual(await again.extracted(), []);
});

test('a file, a directory or a link of an earlier package gives way, and no link is followed', async (context) => {
  const { store } = await opened(context);
  const target = { content: 'kept', mode: LINK };
  const under = await ingested(store, { kept: 'kept', file: 'x', 'tree/leaf': 'x', link: target });
  const over = await ingested(store, { 'file/leaf': 'y', tree: 'y', link: 'written', 'kept-too': 'z' });
  const path = await store.acquireMerged([under, over]);
  assert.equal(await readFile(join(path, 'file/leaf'), 'utf8'), 'y');
  assert.equal(await readFile(join(path, 'tree'), 'utf8'), 'y');
  assert.equal(await readFile(join(path, 'link'), 'utf8'), 'written');
  assert.equal(await readFile(join(path, 'kept'), 'utf8'), 'kept', 'not written through the link');
  const back = await store.acquireMerged([over, under]);
  assert.equal(await readlink(join(back, 'link')), 'kept');
});

test('links that lead out of the tree only together are refused', async (context) => {
  const { store, extracted } = await opened(context);
  const under = await ingested(store, {
    'a/b/file': 'x',
    deep: { content: 'a/b', mode: LINK },
    up: { content: 'deep/../../a', mode: LINK },
  });
  const over = await ingested(store, { deep: { content: '.', mode: LINK } });
  await store.acquireMerged([under]);
  await assert.rejects(store.acquireMerged([under, over]), {
    name: 'PlatformError',
    message: /"up" is a link that leaves the package/,
  });
  assert.deepEqual(await extracted(), [under, over].sort(), 'nothing of the attempt is left');
  const harmless = await ingested(store, { deep: { content: '.', mode: LINK }, up: 'no link any more' });
  const path = await store.acquireMerged([under, harmless]);
  assert.equal(await readFile(join(path, 'up'), 'utf8'), 'no link any more');
  assert.equal((await readdir(await store.acquireMerged([over, under]))).includes('up'), true);
});
