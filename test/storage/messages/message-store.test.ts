import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PlatformError } from '../../../src/core/errors.ts';
import type { NewMessage, StoredMessage } from '../../../src/ports/message-store.ts';
import { openSqliteMessageStore } from '../../../src/storage/messages/message-store.ts';
import { scratchDirectory } from '../scratch.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

async function opened(context: TestContext, file: string, maxBytes?: number) {
  const store = await openSqliteMessageStore({ file, log, ...(maxBytes === undefined ? {} : { maxBytes }) });
  context.after(() => store.close());
  return store;
}

function message(position: number, queueId = 'q'): NewMessage {
  return {
    position,
    queueId,
    header: `header ${position}`,
    dueMs: 0,
    receiveCount: 0,
    firstReceivedMs: 0,
    content: `content ${position}`,
  };
}

async function all(store: Awaited<ReturnType<typeof opened>>): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  for await (const page of store.messages()) found.push(...page);
  return found;
}

test('messages, their changes and their moves are there when the file is opened again', async (context) => {
  const file = join(await scratchDirectory(context), 'messages.db');
  const store = await openSqliteMessageStore({ file, log });
  await store.commit({ add: [message(1), message(2), message(3)] });
  const times = { position: 2, dueMs: 7, receiveCount: 1, firstReceivedMs: 5 };
  const gone = { ...times, position: 9 };
  assert.deepEqual(await store.commit({ receive: [times, gone], remove: [1] }), ['content 2', undefined]);
  await store.commit({ update: [{ ...times, dueMs: 8 }], move: [{ ...message(4, 'other'), from: 3 }] });
  await store.close();

  const again = await opened(context, file);
  const { content: _, ...header } = message(4, 'other');
  assert.deepEqual(
    (await all(again)).map((row) => ({ ...row })),
    [{ ...times, dueMs: 8, queueId: 'q', header: 'header 2' }, header],
  );
  assert.deepEqual(await again.commit({ receive: [{ ...times, position: 4 }] }), ['content 3']);
});

test('a position is never used again, whatever was removed', async (context) => {
  const file = join(await scratchDirectory(context), 'messages.db');
  const store = await openSqliteMessageStore({ file, log });
  assert.equal(store.lastPosition, 0);
  await store.commit({ add: [message(5)] });
  await store.commit({ move: [{ ...message(9), from: 5 }] });
  await store.commit({ remove: [9] });
  await store.close();
  assert.equal((await opened(context, file)).lastPosition, 9);
});

test('deduplications outlive their messages until they are forgotten', async (context) => {
  const store = await opened(context, join(await scratchDirectory(context), 'messages.db'));
  const entry = (key: string, expiresMs: number) => ({ queueId: 'q', key, value: 'v', expiresMs });
  await store.commit({ add: [message(1)], remember: [entry('a', 10), entry('b', 20)] });
  await store.commit({ remove: [1], forgetBeforeMs: 10 });
  assert.deepEqual(
    (await store.deduplications()).map((row) => ({ ...row })),
    [entry('b', 20)],
  );
});

test('a full disk refuses one commit whole, and the others of its group go on', async (context) => {
  const file = join(await scratchDirectory(context), 'messages.db');
  const store = await opened(context, file, 200_000);
  const large = { ...message(1), content: 'x'.repeat(400_000) };
  const outcomes = await Promise.allSettled([
    store.commit({ add: [message(2), large] }),
    store.commit({ add: [message(3)] }),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  assert.ok(outcomes[0]?.status === 'rejected' && outcomes[0].reason instanceof PlatformError);
  assert.deepEqual(
    (await all(store)).map(({ position }) => position),
    [3],
  );
});
