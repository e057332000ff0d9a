import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { PlatformError } from '../../../src/core/errors.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { stateStoreSuite } from '../../ports/state-store-suite.ts';
import { RecordedLog } from '../recorded-log.ts';
import { scratchDirectory } from '../scratch.ts';

const log = new RecordedLog();

async function openScratch(context: TestContext) {
  const store = await openSqliteStateStore({
    file: join(await scratchDirectory(context), 'records.db'),
    log,
  });
  context.after(() => store.close());
  return store;
}

stateStoreSuite('the SQLite state store', openScratch);

test('records and their revisions are there after reopening', async (context) => {
  const file = join(await scratchDirectory(context), 'records.db');
  const first = await openSqliteStateStore({ file, log });
  const [revision] = await first.commit([{ table: 't', key: 'k', value: 'v' }]);
  await first.commit([{ table: 't', key: 'gone', value: 1 }]);
  const [latest] = await first.commit([{ table: 't', key: 'gone', value: 2 }]);
  await first.commit([{ table: 't', key: 'gone', delete: true }]);
  await first.close();
  const second = await openSqliteStateStore({ file, log });
  context.after(() => second.close());
  assert.deepEqual(await second.get('t', 'k'), { key: 'k', value: 'v', revision });
  const [again] = await second.commit([{ table: 't', key: 'gone', value: 3 }]);
  assert.ok(again! > latest!, 'a revision is never given out twice');
});

test('close finishes what was asked before it', async (context) => {
  const file = join(await scratchDirectory(context), 'records.db');
  const store = await openSqliteStateStore({ file, log });
  const commit = store.commit([{ table: 't', key: 'k', value: 1 }]);
  await store.close();
  assert.equal((await commit).length, 1);
  await assert.rejects(store.get('t', 'k'), PlatformError);
});

test('a file of a newer version is refused, naming both versions', async (context) => {
  const file = join(await scratchDirectory(context), 'records.db');
  const database = new DatabaseSync(file);
  database.exec('PRAGMA user_version=7; CREATE TABLE future (x)');
  database.close();
  await assert.rejects(openSqliteStateStore({ file, log }), (error: unknown) => {
    assert.ok(error instanceof PlatformError);
    assert.match(error.message, /version 7.*up to 1/);
    assert.match(error.remedy, /newer selfsame/);
    return true;
  });
});

test('a file that is not a database is refused and left alone', async (context) => {
  const file = join(await scratchDirectory(context), 'records.db');
  await writeFile(file, 'this is not a database, however long it may be. '.repeat(200));
  const before = await readFile(file);
  await assert.rejects(openSqliteStateStore({ file, log }), (error: unknown) => {
    assert.ok(error instanceof PlatformError);
    assert.match(error.message, /records\.db is damaged/);
    return true;
  });
  assert.deepEqual(await readFile(file), before);
});

test('a database with a damaged page is refused', async (context) => {
  const file = join(await scratchDirectory(context), 'records.db');
  const store = await openSqliteStateStore({ file, log });
  const writes = Array.from({ length: 200 }, (_, index) => ({
    table: 't',
    key: `key-${index}`,
    value: 'x'.repeat(500),
  }));
  await store.commit(writes);
  await store.close();
  const content = await readFile(file);
  content.fill(0xa5, 3 * 4096, 5 * 4096);
  await writeFile(file, content);
  await assert.rejects(openSqliteStateStore({ file, log }), { name: 'PlatformError', message: /damaged/ });
});

test('a file in use by another connection is refused', async (context) => {
  const file = join(await scratchDirectory(context), 'records.db');
  const store = await openSqliteStateStore({ file, log });
  context.after(() => store.close());
  await assert.rejects(openSqliteStateStore({ file, log }), { name: 'PlatformError', message: /in use/ });
});

test('a full disk refuses the commit, and the store goes on', async (context) => {
  const file = join(await scratchDirectory(context), 'records.db');
  const store = await openSqliteStateStore({ file, log, maxBytes: 256 * 1024 });
  context.after(() => store.close());
  await store.commit([{ table: 't', key: 'small', value: 1 }]);
  const tooLarge = store.commit([
    { table: 't', key: 'part', value: 1 },
    { table: 't', key: 'large', value: 'x'.repeat(400_000) },
  ]);
  const neighbour = store.commit([{ table: 't', key: 'neighbour', value: 2 }]);
  await assert.rejects(tooLarge, { name: 'PlatformError', message: /no space left/ });
  await neighbour;
  await store.commit([{ table: 't', key: 'small', value: 3 }]);
  const keys = (await store.list('t')).map((record) => record.key);
  assert.deepEqual(keys, ['neighbour', 'small']);
});

test('five hundred commits made at once are all acknowledged and there', async (context) => {
  const store = await openScratch(context);
  const commits = Array.from({ length: 500 }, (_, index) =>
    store.commit([{ table: 't', key: String(index), value: index }]),
  );
  const revisions = (await Promise.all(commits)).flat();
  assert.equal(new Set(revisions).size, 500);
  assert.equal((await store.list('t')).length, 500);
});
