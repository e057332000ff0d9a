import assert from 'node:assert/strict';
import { test } from 'node:test';
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
