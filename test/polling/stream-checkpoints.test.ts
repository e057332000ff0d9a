import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamCheckpoints } from '../../src/polling/stream-checkpoints.ts';
import { HeldState } from './held-state.ts';
import type { MemoryState } from './memory-state.ts';
import { polledStream } from './polled-stream.ts';

const at = (cursor: number) => ({ cursor: String(cursor), groups: 1 });
const FULL = new Error('the disk is full');

test('all changes that come while one is stored are one write, for which all wait as one', async () => {
  const state = new HeldState();
  const checkpoints = await StreamCheckpoints.open(state, 'reader');
  state.hold();
  checkpoints.set('shard', at(0));
  await new Promise(setImmediate);
  for (let cursor = 1; cursor <= 1_000; cursor += 1) checkpoints.set('shard', at(cursor));
  const stored = checkpoints.flush();
  assert.equal(checkpoints.flush(), stored);
  state.letGo();
  await stored;
  assert.equal(state.commits, 2);
  const found = await StreamCheckpoints.open(state, 'reader');
  assert.deepEqual(found.find('shard'), at(1_000));
});

test('what the disk has refused is stored with what comes next', async () => {
  const state = new HeldState();
  const checkpoints = await StreamCheckpoints.open(state, 'reader');
  state.failures = [FULL];
  checkpoints.set('first', at(1));
  await assert.rejects(checkpoints.flush(), FULL);
  checkpoints.set('second', at(2));
  await checkpoints.flush();
  const found = await StreamCheckpoints.open(state, 'reader');
  assert.deepEqual([found.find('first'), found.find('second')], [at(1), at(2)]);
});

test('reading has not begun before it is stored where', async (context) => {
  const { stream, poller, clock, data, until, settled } = polledStream(context);
  const state = new HeldState();
  state.failures = [FULL];
  let then: MemoryState | undefined;
  void poller({ start: { at: 'LATEST' } }, state)
    .begun()
    .then(() => {
      then = state.copy();
    });
  await settled();
  assert.equal(then, undefined);
  await clock.advance(1_000);
  await until(() => then !== undefined);
  assert.equal((await StreamCheckpoints.open(then!, 'reader')).hasBegun, true);
  stream.put('shard-0', 'k', 1);
  await until(() => data().length === 1);
});

test('a reader that is abandoned has stored what is done with', async (context) => {
  const { stream, poller, data, until, settled } = polledStream(context);
  const state = new HeldState();
  const first = poller({}, state);
  await first.begun();
  await settled();
  state.hold();
  stream.put('shard-0', 'k', 1);
  await until(() => data().length === 1);
  await settled();
  let isOver = false;
  const abandoned = first.abandon().then(() => {
    isOver = true;
  });
  await settled();
  assert.equal(isOver, false);
  state.letGo();
  await abandoned;
  const later = state.copy();
  stream.put('shard-0', 'k', 2);
  poller({}, later);
  await until(() => data().length === 2);
  assert.deepEqual(data(), [[1], [2]]);
});
