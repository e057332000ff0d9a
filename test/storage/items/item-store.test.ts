import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ItemStore } from '../../../src/ports/item-store.ts';
import type {
  EngineReply,
  EngineRequest,
  ReadReply,
  Write,
} from '../../../src/services/dynamodb/engine/requests.ts';
import type { TableLayout } from '../../../src/services/dynamodb/engine/table-layout.ts';
import { ITEM_ENGINE_MODULE } from '../../../src/services/dynamodb/item-engine.ts';
import { openSqliteItemStore } from '../../../src/storage/items/item-store.ts';
import { scratchDirectory } from '../scratch.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const TABLE: TableLayout = { id: 1, key: { partition: { name: 'pk', type: 'S' } }, indexes: [] };
const SORT = new Uint8Array(0);
const MEBIBYTE = 1024 * 1024;

type Store = ItemStore<EngineRequest, EngineReply>;

function open(file: string, maxBytes?: number) {
  return openSqliteItemStore<EngineRequest, EngineReply>({
    file,
    log,
    engine: ITEM_ENGINE_MODULE,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
}

function put(name: string, text: string): Write {
  const item = JSON.stringify({ pk: { S: name }, text: { S: text } });
  const sizeBytes = item.length;
  return { kind: 'put', table: 1, key: [Buffer.from(name), SORT], item, sizeBytes };
}

async function names(store: Store): Promise<string[]> {
  const read = {
    ask: 'read',
    table: 1,
    isDescending: false,
    limit: 1000,
    isWhole: true,
    isCount: false,
  } as const;
  const { items } = (await store.ask(read)) as ReadReply;
  return (JSON.parse(Buffer.from(items).toString()) as { pk: { S: string } }[]).map(({ pk }) => pk.S);
}

test('a write that the disk refuses changes nothing, also not what is counted', async (context) => {
  const store = await open(join(await scratchDirectory(context), 'items.db'), 2 * MEBIBYTE);
  context.after(() => store.close());
  await store.ask({ ask: 'define', table: TABLE, nowMs: 0 });
  const write = (...writes: Write[]) => store.ask({ ask: 'write', nowMs: 0, writes });
  await write(put('a', 'small'));
  const before = await store.ask({ ask: 'tally', table: 1 });
  // In one group: the small one is stored although the large ones beside it are not.
  const large = 'x'.repeat(3 * MEBIBYTE);
  const outcomes = await Promise.allSettled([write(put('b', large)), write(put('c', ''), put('d', large))]);
  for (const outcome of outcomes) {
    assert.equal(outcome.status, 'rejected');
    assert.match(String(outcome.reason), /no space left to write/);
  }
  assert.deepEqual(await names(store), ['a']);
  assert.deepEqual(await store.ask({ ask: 'tally', table: 1 }), before);
  const [refused, stored] = await Promise.allSettled([write(put('e', large)), write(put('f', 'small'))]);
  assert.deepEqual([refused!.status, stored!.status], ['rejected', 'fulfilled']);
  assert.deepEqual(await names(store), ['a', 'f']);
});

test('requests are answered in the order they were asked for, reads among them', async (context) => {
  const store = await open(join(await scratchDirectory(context), 'items.db'));
  context.after(() => store.close());
  await store.ask({ ask: 'define', table: TABLE, nowMs: 0 });
  const write = (name: string) => store.ask({ ask: 'write', nowMs: 0, writes: [put(name, '')] });
  const seen = await Promise.all([names(store), write('a'), names(store), write('b'), names(store)]);
  assert.deepEqual([seen[0], seen[2], seen[4]], [[], ['a'], ['a', 'b']]);
});

test('a file that is no database is told of at the start', async (context) => {
  const file = join(await scratchDirectory(context), 'items.db');
  await writeFile(file, 'x'.repeat(10_000));
  await assert.rejects(open(file), { name: 'PlatformError', message: /damaged or not a database/ });
});
