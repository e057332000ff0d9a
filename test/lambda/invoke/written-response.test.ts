import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WrittenResponse } from '../../../src/lambda/invoke/written-response.ts';

const NOTHING = Buffer.alloc(0);

test('what is gathered for Invoke is whole up to the limit, and nothing of more is kept', () => {
  const written = new WrittenResponse(undefined);
  written.write(Buffer.alloc(written.maxBytes - 1, 'a'));
  written.write(Buffer.from('b'));
  assert.equal(written.isTooLarge, false);
  const payload = written.payload(Buffer.from('c'));
  assert.deepEqual(
    [payload.length, payload.toString('utf8', payload.length - 3)],
    [written.maxBytes + 1, 'abc'],
  );
  written.write(Buffer.from('d'));
  written.write(Buffer.from('e'));
  assert.deepEqual([written.isTooLarge, written.payload(NOTHING).length], [true, 0]);
});
