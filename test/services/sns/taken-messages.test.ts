import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomIds } from '../../../src/platform/random-ids.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import { TakenMessages } from '../../../src/services/sns/taken-messages.ts';
import { SettableClock } from '../settable-clock.ts';

const INTERVAL_MS = 5 * 60 * 1000;

test('ids whose interval is over are forgotten, though an older one has come again', async () => {
  const forgotten: string[] = [];
  const state: Pick<StateStore, 'list' | 'commit'> = {
    list: async () => [],
    async commit(writes) {
      for (const write of writes) if ('delete' in write) forgotten.push(write.key);
      return [];
    },
  };
  const clock = new SettableClock(0);
  const taken = await TakenMessages.open(state as StateStore, clock, randomIds);
  const take = (id: string) => taken.once('topic', id, async (publication) => publication);
  const first = await take('again');
  assert.deepEqual(await take('again'), first);
  await clock.advance(1);
  for (let count = 0; count < 500; count += 1) await take(`early ${count}`);
  await clock.advance(INTERVAL_MS - 1);
  assert.notEqual((await take('again')).messageId, first.messageId);
  await clock.advance(1);
  for (let count = 0; count < 500; count += 1) await take(`late ${count}`);
  assert.equal(forgotten.length, 500);
  assert.ok(forgotten.every((key) => key.startsWith('topic\nearly ')));
});
