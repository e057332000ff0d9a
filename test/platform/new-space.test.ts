import assert from 'node:assert/strict';
import { PerformanceObserver } from 'node:perf_hooks';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { boundNewSpace, MAX_NEW_SPACE_BYTES, newSpaceBytes } from '../../src/platform/new-space.ts';

/** Of some 100 bytes each: more than the bound is alive at each collection, for which V8 lets new space grow. */
const MOST_KEPT = 60_000;
const MADE = 1_500_000;
const MADE_A_TURN = 5_000;

test('new space of a busy process grows no further than its bound', async () => {
  boundNewSpace();
  const initial = newSpaceBytes();
  let largest = 0;
  let kept: object[] = [];
  for (let index = 0; index < MADE; index += 1) {
    kept.push({ index, list: [index] });
    if (kept.length > MOST_KEPT) kept = kept.slice(MOST_KEPT / 2);
    if (index % MADE_A_TURN !== 0) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    largest = Math.max(largest, newSpaceBytes());
  }
  assert.ok(largest > initial, 'it has grown');
  assert.ok(largest < 1.5 * MAX_NEW_SPACE_BYTES, `it has grown to ${largest} bytes`);
});

const ALLOCATES = `
  const { parentPort } = require('node:worker_threads');
  const { getHeapSpaceStatistics } = require('node:v8');
  let kept = [];
  for (let index = 0; index < 1e6; index += 1) {
    kept.push([index]);
    if (kept.length > 1e4) kept = [];
  }
  parentPort.postMessage(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);`;

test('a thread that is started later has room for the objects of a batch', async () => {
  boundNewSpace(0);
  await collected();
  const thread = new Worker(ALLOCATES, { eval: true });
  const size = await new Promise<number>((resolve) => thread.once('message', resolve));
  await thread.terminate();
  assert.ok(size >= 4 * 1024 * 1024, `it has ${size} bytes`);
});

/** A collection has been seen by those who observe. */
async function collected(): Promise<void> {
  const seen = new Promise<void>((resolve) => {
    const observer = new PerformanceObserver(() => {
      observer.disconnect();
      resolve();
    });
    observer.observe({ entryTypes: ['gc'] });
  });
  for (let index = 0; index < 1_000; index += 1) new Array<number>(10_000).fill(index);
  await seen;
}
