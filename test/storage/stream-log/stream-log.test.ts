import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqliteStreamLog } from '../../../src/storage/stream-log/stream-log.ts';
import { streamLogSuite } from '../../ports/stream-log-suite.ts';
import { RecordedLog } from '../recorded-log.ts';
import { scratchDirectory } from '../scratch.ts';

const log = new RecordedLog();

streamLogSuite('the SQLite stream log', async (context) => {
  const store = await openSqliteStreamLog({ file: join(await scratchDirectory(context), 'logs.db'), log });
  context.after(() => store.close());
  return store;
});

test('events are there after reopening', async (context) => {
  const file = join(await scratchDirectory(context), 'logs.db');
  const first = await openSqliteStreamLog({ file, log });
  const messages = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
  const timestampsMs = messages.map((_, index) => index);
  await first.append([{ group: 'g', stream: 's', ingestedMs: 1, timestampsMs, messages }]);
  await first.close();
  const second = await openSqliteStreamLog({ file, log });
  context.after(() => second.close());
  const page = await second.read({ group: 'g', order: 'forward', maxEvents: 10_000, maxChars: 1e6 });
  assert.deepEqual(
    page.events.map((event) => event.message),
    messages,
  );
});

test('a damaged file is refused', async (context) => {
  const file = join(await scratchDirectory(context), 'logs.db');
  await writeFile(file, 'not a database '.repeat(500));
  await assert.rejects(openSqliteStreamLog({ file, log }), { name: 'PlatformError', message: /damaged/ });
});

test('a full disk refuses the events, and reading goes on', async (context) => {
  const file = join(await scratchDirectory(context), 'logs.db');
  const store = await openSqliteStreamLog({ file, log, maxBytes: 256 * 1024 });
  context.after(() => store.close());
  const event = (stream: string, message: string) => [
    { group: 'g', stream, ingestedMs: 1, timestampsMs: [1], messages: [message] },
  ];
  await store.append(event('small', 'kept'));
  const noise = Array.from({ length: 60_000 }, () => Math.random().toString(36)).join('');
  await assert.rejects(store.append(event('large', noise)), {
    name: 'PlatformError',
    message: /no space left/,
  });
  assert.equal(await store.getStream('g', 'large'), undefined);
  await store.append(event('large', 'fits'));
  const page = await store.read({ group: 'g', order: 'forward', maxEvents: 9, maxChars: 1e6 });
  assert.deepEqual(page.events.map((found) => found.message).sort(), ['fits', 'kept']);
});
