import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { PlatformError } from '../../../src/core/errors.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import type { StreamBatch, StreamLog } from '../../../src/ports/stream-log.ts';
import { Groups } from '../../../src/services/logs/groups.ts';
import {
  EVENT_OVERHEAD_CHARS,
  LogBuffer,
  MAX_HELD_CHARS,
  MAX_WRITE_CHARS,
} from '../../../src/services/logs/log-buffer.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { SettableClock } from '../settable-clock.ts';
import { address } from './opened-logs.ts';

const emptyState: StateStore = {
  get: async () => undefined,
  list: async () => [],
  commit: async (writes) => writes.map(() => 1),
};

/** A buffer over a store whose writes the test lets succeed or fail one by one. */
async function openBuffer() {
  const writes: { batches: readonly StreamBatch[]; succeed(): void; fail(): void }[] = [];
  let arrived = () => {};
  const store = {
    append: (batches: readonly StreamBatch[]) =>
      new Promise<void>((resolve, reject) => {
        writes.push({
          batches,
          succeed: resolve,
          fail: () => reject(new PlatformError('no space', 'free some')),
        });
        arrived();
      }),
  } as unknown as StreamLog;
  const clock = new SettableClock(1_000_000);
  const log = new RecordedLog();
  const ids = {
    uuid: randomUUID,
    hex: (bytes: number) => randomBytes(bytes).toString('hex'),
    random: Math.random,
  };
  const groups = await Groups.open(emptyState, clock, ids, log);
  const buffer = new LogBuffer(groups, store, clock, log, { taken() {}, stored() {} });
  const nextWrite = async (count: number) => {
    while (writes.length < count) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
    return writes[count - 1]!;
  };
  return { buffer, writes, nextWrite, log };
}

const line = (message: string) => [{ timestampMs: 1, message }];
const texts = (batches: readonly StreamBatch[]) => batches.map((batch) => batch.messages.join(','));

test('lines that come while a write is under way share the next one, by stream', async () => {
  const { buffer, writes, nextWrite } = await openBuffer();
  buffer.append(address('g', 's'), line('1'));
  const first = await nextWrite(1);
  buffer.append(address('g', 's'), line('2'));
  buffer.append(address('g', 't'), line('3'));
  buffer.append(address('g', 's'), line('4'));
  const flushed = buffer.flush();
  assert.equal(writes.length, 1, 'one write at a time');
  first.succeed();
  const second = await nextWrite(2);
  assert.deepEqual([texts(first.batches), texts(second.batches)], [['1'], ['2,4', '3']]);
  second.succeed();
  await flushed;
});

test('what the disk refuses is tried again before what came later', async () => {
  const { buffer, nextWrite, log } = await openBuffer();
  buffer.append(address('g', 's'), line('1'));
  const flushed = buffer.flush();
  (await nextWrite(1)).fail();
  await assert.rejects(flushed, PlatformError);
  assert.equal(log.errors.length, 1);
  buffer.append(address('g', 's'), line('2'));
  const again = buffer.flush();
  const second = await nextWrite(2);
  assert.deepEqual(texts(second.batches), ['1', '2']);
  second.succeed();
  await again;
});

test('memory stays bounded while the disk does not keep up: what is beyond is dropped and counted', async () => {
  const { buffer, writes, nextWrite, log } = await openBuffer();
  const message = 'x'.repeat(100_000);
  const offered = 2_000; // 200 MB
  for (let count = 0; count < offered; count += 1) buffer.append(address('g', 's'), line(message));
  // Empty lines take memory too.
  for (let count = 0; count < 2_000_000; count += 1) buffer.append(address('g', 't'), line('\n'));
  let flushed = false;
  const flush = buffer.flush().then(() => {
    flushed = true;
  });
  let stored = 0;
  let chars = 0;
  for (let count = 0; !flushed; await new Promise((resolve) => setImmediate(resolve))) {
    const write = writes[count];
    if (write === undefined) continue;
    const sizes = write.batches.flatMap(({ messages }) => messages.map(({ length }) => length));
    const size = sizes.reduce((sum, length) => sum + length + EVENT_OVERHEAD_CHARS, 0);
    assert.ok(size <= MAX_WRITE_CHARS, `a write of ${size}`);
    stored += sizes.length;
    chars += size;
    count += 1;
    write.succeed();
  }
  await flush;
  assert.ok(chars <= MAX_HELD_CHARS && chars > MAX_HELD_CHARS - 200_000, `${chars} were held`);
  assert.deepEqual(log.warningFields, [{ events: offered + 2_000_000 - stored }]);
  buffer.append(address('g', 's'), line('later'));
  (await nextWrite(writes.length + 1)).succeed();
  await buffer.flush();
});

test('a write that fails and one beyond it keep their order', async () => {
  const { buffer, nextWrite } = await openBuffer();
  buffer.append(address('g', 's'), line('1'));
  const first = buffer.flush();
  const write = await nextWrite(1);
  buffer.append(address('g', 's'), line('2'));
  write.fail();
  await assert.rejects(first, PlatformError);
  buffer.discard('nothing');
  const second = buffer.flush();
  const again = await nextWrite(2);
  assert.deepEqual(texts(again.batches), ['1', '2']);
  again.succeed();
  await second;
});

test('flush resolves at once when everything is stored', async () => {
  const { buffer, nextWrite } = await openBuffer();
  await buffer.flush();
  buffer.append(address('g', 's'), line('1'));
  (await nextWrite(1)).succeed();
  await buffer.flush();
  await buffer.close();
});
