import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RevisionConflict, type StateStore } from '../../src/ports/state-store.ts';

/** What every adapter of `StateStore` must do. `open` gives an empty store and closes it after the test. */
export function stateStoreSuite(name: string, open: (test: TestContext) => Promise<StateStore>): void {
  const promise = (sentence: string, check: (store: StateStore) => Promise<void>) =>
    test(`${name} ${sentence}`, async (context) => check(await open(context)));

  promise('gives back a document as it was written', async (store) => {
    const value = { text: 'é𝄞\0', list: [1, null, { deep: true }], number: 0.1 };
    const [revision] = await store.commit([{ table: 't', key: 'k', value }]);
    assert.deepEqual(await store.get('t', 'k'), { key: 'k', value, revision });
  });

  promise('knows nothing of a key never written, or in another table', async (store) => {
    await store.commit([{ table: 't', key: 'k', value: 1 }]);
    assert.equal(await store.get('t', 'other'), undefined);
    assert.equal(await store.get('other', 'k'), undefined);
    assert.deepEqual(await store.list('other'), []);
  });

  promise('lists in byte order of the keys', async (store) => {
    const keys = ['b', 'a', 'ab', 'Z', 'é', '￿', '𝄞', 'a/b', ''];
    await store.commit(keys.map((key) => ({ table: 't', key, value: key })));
    const listed = (await store.list<string>('t')).map((record) => record.value);
    const expected = keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    assert.deepEqual(listed, expected);
  });

  promise('lists by prefix, after a key, at most so many', async (store) => {
    const keys = ['a', 'b', 'b%', 'b/1', 'b/2', 'b/3', 'b0', 'c', 'b/\u{10ffff}x'];
    await store.commit(keys.map((key) => ({ table: 't', key, value: 0 })));
    const keysOf = async (range: Parameters<StateStore['list']>[1]) =>
      (await store.list('t', range)).map((record) => record.key);
    assert.deepEqual(await keysOf({ prefix: 'b/' }), ['b/1', 'b/2', 'b/3', 'b/\u{10ffff}x']);
    assert.deepEqual(await keysOf({ prefix: 'b/', after: 'b/1', limit: 1 }), ['b/2']);
    assert.deepEqual(await keysOf({ prefix: 'b/', after: 'a' }), ['b/1', 'b/2', 'b/3', 'b/\u{10ffff}x']);
    assert.deepEqual(await keysOf({ after: 'b0' }), ['c']);
    assert.deepEqual(await keysOf({ prefix: 'x' }), []);
    assert.deepEqual(await keysOf({ prefix: '\u{10ffff}' }), []);
  });

  promise('grows the revision of a key with every write, also after it was deleted', async (store) => {
    const revisions: number[] = [];
    for (const value of [1, 2]) revisions.push(...(await store.commit([{ table: 't', key: 'k', value }])));
    assert.deepEqual(await store.commit([{ table: 't', key: 'k', delete: true }]), [0]);
    assert.equal(await store.get('t', 'k'), undefined);
    revisions.push(...(await store.commit([{ table: 't', key: 'k', value: 3 }])));
    assert.ok(revisions[0]! > 0 && revisions[1]! > revisions[0]! && revisions[2]! > revisions[1]!);
  });

  promise('refuses a write whose expected revision does not hold, naming it', async (store) => {
    const [revision] = await store.commit([{ table: 't', key: 'k', value: 1 }]);
    const conflict = (error: unknown) =>
      error instanceof RevisionConflict && error.table === 't' && error.key === 'k';
    await assert.rejects(store.commit([{ table: 't', key: 'k', value: 2, ifRevision: 0 }]), conflict);
    await assert.rejects(
      store.commit([{ table: 't', key: 'k', delete: true, ifRevision: revision! + 1 }]),
      conflict,
    );
    assert.equal((await store.get('t', 'k'))?.value, 1);
    await store.commit([{ table: 't', key: 'k', value: 3, ifRevision: revision! }]);
    await store.commit([{ table: 't', key: 'new', value: 4, ifRevision: 0 }]);
    assert.equal((await store.get('t', 'k'))?.value, 3);
  });

  promise('writes nothing of a batch that conflicts', async (store) => {
    await store.commit([{ table: 't', key: 'taken', value: 1 }]);
    const batch = [
      { table: 't', key: 'first', value: 2 },
      { table: 't', key: 'taken', delete: true },
      { table: 't', key: 'taken', value: 3, ifRevision: 7 },
    ] as const;
    await assert.rejects(store.commit(batch), RevisionConflict);
    assert.deepEqual(
      (await store.list('t')).map((record) => [record.key, record.value]),
      [['taken', 1]],
    );
  });

  promise(
    'lets one of many win who create the same key at once, and keeps the others whole',
    async (store) => {
      const attempts = Array.from({ length: 20 }, (_, index) =>
        store.commit([
          { table: 't', key: `mine-${index}`, value: index },
          { table: 't', key: 'shared', value: index, ifRevision: 0 },
        ]),
      );
      const unrelated = store.commit([{ table: 'u', key: 'k', value: 1 }]);
      const outcomes = await Promise.allSettled(attempts);
      const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
      assert.equal(winners.length, 1);
      assert.equal((await unrelated).length, 1);
      assert.deepEqual((await store.list('t')).map((record) => record.key).sort(), [
        `mine-${winners[0]}`,
        'shared',
      ]);
    },
  );

  promise('sees in one batch what the batch itself wrote before', async (store) => {
    const batch = [
      { table: 't', key: 'k', value: 1 },
      { table: 't', key: 'k', delete: true },
      { table: 't', key: 'k', value: 2, ifRevision: 0 },
    ] as const;
    await store.commit(batch);
    assert.equal((await store.get('t', 'k'))?.value, 2);
  });

  promise('counts without loss when forty writers compare and retry', async (store) => {
    await store.commit([{ table: 't', key: 'count', value: 0 }]);
    const increment = async (): Promise<void> => {
      const found = await store.get<number>('t', 'count');
      const write = { table: 't', key: 'count', value: found!.value + 1, ifRevision: found!.revision };
      await store.commit([write]).catch(async (error: unknown) => {
        assert.ok(error instanceof RevisionConflict);
        await increment();
      });
    };
    await Promise.all(Array.from({ length: 40 }, increment));
    assert.equal((await store.get('t', 'count'))?.value, 40);
  });

  promise('answers an empty batch with nothing', async (store) => {
    assert.deepEqual(await store.commit([]), []);
  });
}
