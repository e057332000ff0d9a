import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ZipThread } from '../../../src/storage/packages/zip-thread.ts';
import { zipOf } from '../../kit/zip.ts';

const MAX_UNPACKED_BYTES = 1_000_000;

test('a zip that comes while an idle thread is being ended gets another thread', async (context) => {
  const threads = new ZipThread(0);
  context.after(() => threads.close());
  const zip = await zipOf({ 'a.txt': 'a' });
  for (let round = 0; round < 20; round += 1) {
    assert.equal(await threads.check(zip, MAX_UNPACKED_BYTES), 1);
    // A timer of the same length that was set later: the thread has just been told to end.
    await wait(1);
  }
});
