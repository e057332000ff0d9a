import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { openFileBlobStore } from '../../../src/storage/files/blob-store.ts';
import { openPackageStore } from '../../../src/storage/packages/package-store.ts';
import { zipOf } from '../../kit/zip.ts';
import { scratchDirectory } from '../scratch.ts';

const MAX_BYTES = 262_144_000;
const MB = 1024 * 1024;

/** Most that handling may hold beyond the zip itself, bytes: copies of the zip, a worker, pieces in flight. */
const MAX_EXTRA_BYTES = 260 * MB;

test('a package of 240 MB with 2,000 files is checked, stored and extracted beside the request loop', async (context) => {
  // A part of it cannot be compressed, so that the zip has some 40 MB.
  const files: Record<string, Uint8Array> = { 'big.bin': Buffer.alloc(200 * MB, 'sixteen letters.') };
  for (let index = 0; index < 2_000; index += 1)
    files[`node_modules/m${index % 50}/${index}.js`] = randomBytes(20_000);
  const zip = await zipOf(files);
  context.diagnostic(`the zip has ${Math.round(zip.length / MB)} MB`);
  const root = await scratchDirectory(context);
  const directory = join(root, 'packages');
  await mkdir(directory);
  const blobs = await openFileBlobStore({ directory: join(root, 'blobs') });
  const store = await openPackageStore({ directory, blobs });
  context.after(() => store.close());

  const idleBytes = process.memoryUsage.rss();
  let mostBytes = idleBytes;
  const watch = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
  }, 20);
  context.after(() => clearInterval(watch));
  const before = performance.eventLoopUtilization();
  const { blob, unpackedBytes } = await store.ingest(zip, MAX_BYTES);
  const path = await store.acquire(blob);
  const { utilization } = performance.eventLoopUtilization(before);
  context.diagnostic(
    `the request loop was busy for ${Math.round(utilization * 100)} % of the time; ` +
      `at most ${Math.round((mostBytes - idleBytes) / MB)} MB more were held`,
  );

  assert.equal(unpackedBytes, 200 * MB + 2_000 * 20_000);
  assert.equal((await readdir(path, { recursive: true })).length, 2_000 + 50 + 2);
  assert.ok(utilization < 0.5, 'most of the time the request loop was free');
  assert.ok(mostBytes - idleBytes < MAX_EXTRA_BYTES, 'the unpacked package is never held whole');
});
