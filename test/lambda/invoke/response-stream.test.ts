import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseStream } from '../../../src/lambda/invoke/response-stream.ts';

const MEGABYTE = 1024 * 1024;

/** Whether a promise has resolved, once all that can run has run. */
async function isResolved(promise: Promise<void> | undefined): Promise<boolean> {
  let resolved = false;
  void promise?.then(() => {
    resolved = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return resolved;
}

test('a writer that is ahead of its reader waits until the reader has caught up', async () => {
  const stream = new ResponseStream();
  assert.equal(stream.write(Buffer.alloc(MEGABYTE - 1)), undefined);
  const room = stream.write(Buffer.alloc(1));
  assert.equal(await isResolved(room), false);
  await stream.pieces().next();
  assert.equal(await isResolved(room), true);
});

for (const end of ['end', 'abandon'] as const) {
  test(`nobody waits after ${end}`, async () => {
    const stream = new ResponseStream();
    const room = stream.write(Buffer.alloc(MEGABYTE));
    stream[end]();
    assert.equal(await isResolved(room), true);
    assert.equal(stream.write(Buffer.alloc(MEGABYTE)), undefined);
  });
}

test('what was written before the end is read; what was before the reader went away is not kept', async () => {
  for (const [end, pieces] of [
    ['end', ['a', 'b']],
    ['abandon', []],
  ] as const) {
    const stream = new ResponseStream();
    stream.write(Buffer.from('a'));
    stream.write(Buffer.from('b'));
    stream[end]();
    const read: string[] = [];
    for await (const piece of stream.pieces()) read.push(String(piece));
    assert.deepEqual(read, pieces);
  }
});

test('it has begun with the first byte, not with an empty piece', async () => {
  const stream = new ResponseStream();
  stream.write(Buffer.alloc(0));
  assert.deepEqual([stream.hasBegun, await isResolved(stream.begun)], [false, false]);
  stream.write(Buffer.from('a'));
  assert.deepEqual([stream.hasBegun, await isResolved(stream.begun)], [true, true]);
});
