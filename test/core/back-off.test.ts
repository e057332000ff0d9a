import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOffMs } from '../../src/core/back-off.ts';

test('the wait doubles with each failure, up to its limit, however many there were', () => {
  const waits = [1, 2, 3, 4, 5, 10_000].map((failures) =>
    backOffMs({ firstMs: 100, maxMs: 1_000 }, failures),
  );
  assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000]);
});
