import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { PlatformError } from '../../../src/core/errors.ts';
import type { EventRequest } from '../../../src/storage/event-queue/event-file.ts';
import { EventFile } from '../../../src/storage/event-queue/event-file.ts';
import { openSqliteEventQueue } from '../../../src/storage/event-queue/event-queue.ts';
import type { Outcome } from '../../../src/storage/worker-channel.ts';
import { eventQueueSuite } from '../../ports/event-queue-suite.ts';
import { RecordedLog } from '../recorded-log.ts';
import { scratchDirectory } from '../scratch.ts';

const log = new RecordedLog();

eventQueueSuite('the SQLite event queue', async (context: TestContext) => {
  const queue = await openSqliteEventQueue({
    file: join(await scratchDirectory(context), 'events.db'),
    log,
  });
  context.after(() => queue.close());
  return queue;
});

const RANGE = { untilMs: 9, maxEvents: 9, maxBytes: 1e9 };

test('events and their numbers are there after reopening', async (context) => {
  const file = join(await scratchDirectory(context), 'events.db');
  const first = await openSqliteEventQueue({ file, log });
  const attributes = '{"requestId":"r"}';
  const id = await first.append({ queue: 'q', dueMs: 1, attributes, payload: Buffer.from('{}') });
  const removed = await first.append({ queue: 'q', dueMs: 2, attributes, payload: Buffer.from('{}') });
  await first.remove('q', { id: removed, dueMs: 2 });
  await first.close();
  const second = await openSqliteEventQueue({ file, log });
  context.after(() => second.close());
  const { events } = await second.read('q', RANGE);
  assert.deepEqual(
    events.map((event) => [event.id, event.attributes]),
    [[id, attributes]],
  );
  const next = await second.append({ queue: 'q', dueMs: 3, attributes, payload: Buffer.from('{}') });
  assert.ok(next > removed, 'a number is never given out twice');
});

test('a full disk refuses the event that has no room, and keeps the others', async (context) => {
  const queue = await openSqliteEventQueue({
    file: join(await scratchDirectory(context), 'events.db'),
    log,
    maxBytes: 256 * 1024,
  });
  context.after(() => queue.close());
  const append = (bytes: number) =>
    queue.append({ queue: 'q', dueMs: 1, attributes: '{}', payload: Buffer.alloc(bytes) });
  const [small, large, another] = await Promise.allSettled([append(10), append(1024 * 1024), append(20)]);
  assert.equal(large.status, 'rejected');
  assert.ok(large.reason instanceof PlatformError);
  assert.match(large.reason.message, /no space left/);
  assert.deepEqual([small.status, another.status], ['fulfilled', 'fulfilled']);
  const { events } = await queue.read('q', RANGE);
  assert.deepEqual(
    events.map(({ payload }) => payload.length),
    [10, 20],
  );
});

test('queues that have been empty are forgotten, however many there were; others keep their events', async (context) => {
  const file = join(await scratchDirectory(context), 'events.db');
  const events = new EventFile({ file });
  const append = (queue: string): EventRequest => ({
    append: { queue, dueMs: 1, attributes: '{}', payload: Buffer.from(queue) },
  });
  events.handle([append('kept')]);
  const groups = Array.from({ length: 12_000 }, (_, index) => `group ${index}`);
  const added = events.handle(groups.map(append));
  events.handle(
    groups.map((queue, index) => ({ remove: { queue, position: { dueMs: 1, id: replyOf(added[index]!) } } })),
  );
  events.handle([append('kept')]);
  // Doubled since the names were looked through last.
  events.handle(Array.from({ length: 12_000 }, (_, index) => append(`another ${index}`)));
  const [kept] = events.handle([{ read: { queue: 'kept', range: RANGE } }]);
  assert.equal((kept as { reply: { events: unknown[] } }).reply.events.length, 2);
  events.close();
  const reader = new DatabaseSync(file);
  const names = reader.prepare("SELECT count(*) AS n FROM queue WHERE name LIKE 'group %'").get();
  reader.close();
  assert.equal(names?.['n'], 0);
});

function replyOf(outcome: Outcome): number {
  assert.ok('reply' in outcome, 'the event was taken');
  return outcome.reply as number;
}
