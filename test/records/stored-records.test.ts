import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoredRecords } from '../../src/records/stored-records.ts';
import { MemoryState } from '../polling/memory-state.ts';

interface Counter {
  readonly count: number;
}

const TABLE = 'test.counters';

test('records are seen once they are stored, and by those who open the table later', async () => {
  const state = new MemoryState();
  const records = await StoredRecords.open<Counter>(state, TABLE);
  const putting = records.put('b', { count: 1 });
  assert.equal(records.get('b'), undefined);
  await putting;
  await records.put('a', { count: 2 });
  await records.put('c/d', { count: 3 });
  await records.remove('c/d');
  assert.deepEqual(records.list(), [{ count: 2 }, { count: 1 }]);
  assert.deepEqual(records.list('b'), [{ count: 1 }]);
  const later = await StoredRecords.open<Counter>(state, TABLE);
  assert.deepEqual(later.list(), [{ count: 2 }, { count: 1 }]);
});

test('changes of a record are made one after the other, each of what the one before has left', async () => {
  const records = await StoredRecords.open<Counter>(new MemoryState(), TABLE);
  const add = (): Promise<unknown> => records.change('a', (known) => ({ count: (known?.count ?? 0) + 1 }));
  await Promise.all([add(), add(), add()]);
  assert.deepEqual(records.get('a'), { count: 3 });
  const refused = records.change('a', () => {
    throw new Error('not now');
  });
  await assert.rejects(refused, /not now/);
  await add();
  assert.deepEqual(records.get('a'), { count: 4 });
});

test('what a disk refuses is not seen', async () => {
  const state = new MemoryState();
  const records = await StoredRecords.open<Counter>(state, TABLE);
  await records.put('a', { count: 1 });
  state.commit = () => Promise.reject(new Error('the disk is full'));
  await assert.rejects(records.put('a', { count: 2 }), /the disk is full/);
  assert.deepEqual(records.get('a'), { count: 1 });
});
