import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoredEvent } from '../../src/ports/stream-log.ts';
import { openDataDirectory } from '../../src/storage/data-directory.ts';
import { openFileBlobStore } from '../../src/storage/files/blob-store.ts';
import { openSqliteStateStore } from '../../src/storage/sqlite/state-store.ts';
import { openSqliteStreamLog } from '../../src/storage/stream-log/stream-log.ts';
import { startChild } from './child.ts';
import { RecordedLog } from './recorded-log.ts';
import { scratchDirectory } from './scratch.ts';

const ROUNDS = 4;
const MAX_LIFE_MS = 300;

test('every acknowledged write is there after kill -9, and half-done ones are whole or absent', async (context) => {
  const seed = Number(process.env['SELFSAME_SEED'] ?? Date.now() % 1_000_000);
  context.diagnostic(`seed ${seed}`);
  const path = await scratchDirectory(context);
  const acknowledged = {
    record: new Set<string>(),
    event: new Set<string>(),
    blob: new Map<string, string>(),
  };
  for (let round = 0; round < ROUNDS; round++) {
    const child = startChild(context, 'committing-child.ts', [path, String(round)]);
    assert.equal(await child.nextLine(), 'started');
    const lifeMs = ((seed * (round + 7919) * 104_729) % 1000) * (MAX_LIFE_MS / 1000);
    // The first lives until it has written some of everything, however slow the host; the others may not.
    const wrote = Promise.withResolvers<void>();
    if (round > 0) wrote.resolve();
    const killed = wrote.promise.then(() => delay(lifeMs)).then(() => child.process.kill('SIGKILL'));
    for (let line = await child.nextLine(); line !== undefined; line = await child.nextLine()) {
      // The last line may have been cut off by the kill; whole ones end in a full stop.
      if (!line.endsWith(' .')) continue;
      const [kind, name, content] = line.split(' ');
      if (kind === 'blob') acknowledged.blob.set(name!, content!);
      else if (kind === 'record' || kind === 'event') acknowledged[kind].add(name!);
      if (Object.values(acknowledged).every(({ size }) => size > 0)) wrote.resolve();
    }
    wrote.resolve();
    await killed;
    if (child.process.exitCode === null && child.process.signalCode === null)
      await once(child.process, 'exit');
    await verify(context, path, acknowledged, seed);
  }
  const { record, event, blob } = acknowledged;
  context.diagnostic(`survived: ${record.size} records, ${event.size} appends, ${blob.size} blobs`);
  assert.ok(record.size > 0 && event.size > 0 && blob.size > 0, 'the children wrote something');
});

interface Acknowledged {
  readonly record: ReadonlySet<string>;
  readonly event: ReadonlySet<string>;
  readonly blob: ReadonlyMap<string, string>;
}

async function verify(
  context: TestContext,
  path: string,
  acknowledged: Acknowledged,
  seed: number,
): Promise<void> {
  const log = new RecordedLog();
  const data = await openDataDirectory(path);
  context.after(() => data.close());
  const state = await openSqliteStateStore({ file: data.records, log });
  context.after(() => state.close());
  const left = new Set((await state.list('left')).map((record) => record.key));
  const right = new Set((await state.list('right')).map((record) => record.key));
  assert.deepEqual(left, right, `batches are whole (seed ${seed})`);
  for (const name of acknowledged.record) assert.ok(left.has(name), `record ${name} is there (seed ${seed})`);
  await state.close();

  const logs = await openSqliteStreamLog({ file: data.logs, log });
  context.after(() => logs.close());
  const messages = new Set<string>();
  for (let beyond: StoredEvent | undefined; ; ) {
    const query = { group: 'g', order: 'forward', maxEvents: 10_000, maxChars: 1e7 } as const;
    const page = await logs.read({ ...query, ...(beyond ? { beyond } : {}) });
    for (const { message } of page.events) messages.add(message);
    if (!page.more) break;
    beyond = page.events.at(-1);
  }
  for (const name of acknowledged.event) {
    assert.ok(messages.has(name) && messages.has(`${name} again`), `event ${name} is there (seed ${seed})`);
  }
  await logs.close();

  const blobs = await openFileBlobStore({ directory: data.blobs });
  for (const [sha256, content] of acknowledged.blob) {
    assert.equal((await blobs.read(sha256)).toString(), content, `blob ${sha256} is there (seed ${seed})`);
  }
  await data.close();
}
