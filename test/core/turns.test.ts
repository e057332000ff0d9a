import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../src/core/turns.ts';

test('work of one key is done in turn, that of another at once; a failure is its own only', async () => {
  const turns = new Turns();
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.run('a', async () => {
    await gate.promise;
    done.push('first');
    throw new Error('the first failed');
  });
  const second = turns.run('a', async () => done.push('second'));
  await turns.run('b', async () => done.push('other'));
  assert.deepEqual(done, ['other']);
  gate.resolve();
  await assert.rejects(first, /the first failed/);
  assert.equal(await second, 3);
  assert.deepEqual(done, ['other', 'first', 'second']);
  assert.equal(await turns.run('a', async () => 'after all'), 'after all');
});
