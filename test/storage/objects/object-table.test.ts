import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ListPage, NewVersion, ObjectVersion } from '../../../src/ports/object-table.ts';
import { openSqliteObjectTable } from '../../../src/storage/objects/object-table.ts';
import { textAfter } from '../../../src/storage/sqlite/text-order.ts';
import { scratchDirectory } from '../scratch.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

async function opened(context: TestContext, file?: string) {
  const path = file ?? join(await scratchDirectory(context), 'o.db');
  const table = await openSqliteObjectTable({ file: path, log });
  context.after(() => table.close());
  await table.putBucket({ name: 'b', record: '{}' });
  return table;
}

function version(key: string, sequence: number, more: Partial<NewVersion> = {}): NewVersion {
  return {
    bucket: 'b',
    key,
    versionId: 'null',
    sequence,
    isDeleteMarker: false,
    modifiedMs: 0,
    etag: `etag ${sequence}`,
    sizeBytes: 1,
    attributes: '{}',
    settings: '{}',
    content: Buffer.from('x'),
    ...more,
  };
}

function names({ entries }: ListPage<ObjectVersion>): string[] {
  return entries.map((entry) => (typeof entry === 'string' ? `[${entry}]` : entry.key));
}

test('the text after all with a prefix is next to it', () => {
  assert.equal(textAfter('a/'), 'a0');
  assert.equal(textAfter('\u{d7ff}'), '\u{e000}');
  assert.equal(textAfter('a\u{10ffff}'), 'b');
  assert.equal(textAfter('\u{10ffff}'), undefined);
});

test('a list of many keys visits each rolled-up group once', async (context) => {
  const table = await opened(context);
  const puts = [];
  for (let index = 0; index < 20_000; index += 1) {
    const key = `${String(index % 20).padStart(2, '0')}/${index}`;
    puts.push(table.put({ version: version(key, index + 1) }));
  }
  await Promise.all(puts);
  const range = { bucket: 'b', prefix: '', delimiter: '/', after: '', limit: 1_000 };
  const groups = Array.from({ length: 20 }, (_, index) => `[${String(index).padStart(2, '0')}/]`);
  assert.deepEqual(names(await table.list(range)), groups);
  assert.deepEqual(names(await table.list({ ...range, after: '17/x' })), ['[18/]', '[19/]']);
  const page = await table.list({ ...range, prefix: '19/', delimiter: '', limit: 10 });
  assert.deepEqual([page.entries.length, page.isTruncated], [10, true]);
});

test('a version and its notifications are kept together, or neither', async (context) => {
  const table = await opened(context);
  const notifications = [{ target: 't', body: 'event', dueMs: 5 }];
  await table.put({ version: version('k', 1), notifications });
  const refused = await table.put({
    version: version('k', 2),
    condition: { ifNoneMatch: true },
    notifications,
  });
  assert.equal(refused.kind, 'refused');
  await table.remove({ bucket: 'b', key: 'none', versionId: 'null', sequence: 3, notifications });
  assert.equal((await table.notifications(5, 10)).length, 1);
  assert.equal(await table.nextNotificationMs(), 5);
});

test('what a version takes the place of is given up', async (context) => {
  const table = await opened(context);
  await table.put({ version: version('k', 1, { content: [{ id: 7, sizeBytes: 1 }] }) });
  const outcome = await table.put({ version: version('k', 2, { content: [{ id: 8, sizeBytes: 1 }] }) });
  assert.deepEqual(outcome, { kind: 'stored', superseded: [7] });
  assert.deepEqual(await table.pieces(), [8]);
  assert.deepEqual(await table.removeBucket('b'), { isRemoved: false, superseded: [] });
  const elsewhere = await table.put({ version: version('k', 3, { bucket: 'none' }) });
  assert.deepEqual(elsewhere, { kind: 'no-bucket' });
});

test('a list goes on behind its last entry, also where that is the prefix itself', async (context) => {
  const table = await opened(context);
  for (const [index, key] of ['d', 'd/', 'd/1', 'd/2', 'e'].entries())
    await table.put({ version: version(key, index + 1) });
  const range = { bucket: 'b', prefix: 'd/', delimiter: '', limit: 1 };
  for (const [after, next] of [
    ['', 'd/'],
    ['d', 'd/'],
    ['d/', 'd/1'],
    ['d/1', 'd/2'],
  ] as const)
    assert.deepEqual(names(await table.list({ ...range, after })), [next], `after ${after}`);
  assert.deepEqual(names(await table.list({ ...range, after: 'd/2' })), []);
});

test('what is left of a key comes where the key is an entry of the list, and nowhere else', async (context) => {
  const table = await opened(context);
  for (const [index, key] of ['a', 'a', 'b/1', 'b/1', 'c'].entries())
    await table.put({ version: version(key, index + 1, { versionId: `v${index + 1}` }) });
  const list = async (more: object) => {
    const range = { bucket: 'b', prefix: '', delimiter: '', after: '', limit: 10, ...more };
    return names(await table.listVersions(range));
  };
  assert.deepEqual(await list({ after: 'a', afterSequence: 2 }), ['a', 'b/1', 'b/1', 'c']);
  assert.deepEqual(await list({ after: 'b/1', afterSequence: 4, delimiter: '/' }), ['c']);
  assert.deepEqual(await list({ after: 'a', afterSequence: 2, prefix: 'b' }), ['b/1', 'b/1']);
});

test('the number of a removal is not given again, though the file is opened anew', async (context) => {
  const file = join(await scratchDirectory(context), 'o.db');
  const before = await opened(context, file);
  await before.put({ version: version('k', 1) });
  await before.remove({ bucket: 'b', key: 'k', versionId: 'null', sequence: 7, notifications: [] });
  await before.close();
  assert.equal((await opened(context, file)).lastSequence, 7);
});
