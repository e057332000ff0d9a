import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFileBlobStore } from '../../../src/storage/files/blob-store.ts';
import { blobStoreSuite, hashes } from '../../ports/blob-store-suite.ts';
import { scratchDirectory } from '../scratch.ts';

blobStoreSuite('the file blob store', async (context) =>
  openFileBlobStore({ directory: await scratchDirectory(context) }),
);

test('blobs are there after reopening, and what a crash left unfinished is gone', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openFileBlobStore({ directory });
  const { sha256 } = await first.put(Buffer.from('kept'));
  await mkdir(join(directory, 'incoming'), { recursive: true });
  await writeFile(join(directory, 'incoming', 'left-by-a-crash'), 'half');
  const second = await openFileBlobStore({ directory });
  assert.equal((await second.read(sha256)).toString(), 'kept');
  assert.deepEqual(await readdir(join(directory, 'incoming')), []);
  assert.deepEqual(await hashes(second), [sha256]);
});
