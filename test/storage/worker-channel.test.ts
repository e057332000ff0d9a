import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlatformError } from '../../src/core/errors.ts';
import type { WorkerChannelOptions } from '../../src/storage/worker-channel.ts';
import { siblingModule, WorkerChannel } from '../../src/storage/worker-channel.ts';
import { RecordedLog } from './recorded-log.ts';

async function openChannel(
  onFatal: (error: PlatformError) => void,
  log = new RecordedLog(),
  more: Pick<WorkerChannelOptions, 'sends'> = {},
) {
  const module = siblingModule(import.meta.url, 'crashing-worker');
  const options = { module, workerData: undefined, name: 'records', log, onFatal, ...more };
  return WorkerChannel.open<string, string>(options);
}

test('requests are answered in order, and close lets them finish', async () => {
  const channel = await openChannel(() => assert.fail('closing is no crash'));
  const answers = Promise.all(['a', 'b', 'c'].map((request) => channel.request(request)));
  await channel.close();
  await channel.close();
  assert.deepEqual(await answers, ['A', 'B', 'C']);
  await assert.rejects(channel.request('d'), { name: 'PlatformError' });
});

test('what is asked within a turn of the loop is sent together where that is wanted', async (context) => {
  const log = new RecordedLog();
  const channel = await openChannel(() => assert.fail('no crash'), log, { sends: 'once a turn' });
  context.after(() => channel.close());
  const asked = [channel.request('how many')];
  // As answers do that come in the same turn; sent one by one, the thread would have time to take the first alone.
  for (let more = 0; more < 2; more++) {
    await Promise.resolve();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    asked.push(channel.request('how many'));
  }
  assert.deepEqual(await Promise.all(asked), ['3', '3', '3']);
});

test('a thread that dies is reported once, and whoever waits or asks later is told', async () => {
  const fatal: string[] = [];
  const log = new RecordedLog();
  const channel = await openChannel((error) => fatal.push(error.message), log);
  const told = { name: 'PlatformError', message: /thread that keeps the records has ended .*caught fire/ };
  const waiting = [channel.request('crash'), channel.request('beside it')];
  for (const request of waiting) await assert.rejects(request, told);
  await assert.rejects(channel.request('later'), told);
  await channel.close();
  assert.equal(fatal.length, 1);
  assert.equal(log.errors.length, 1);
});

test('the module beside a source is a source, beside a built file a built one', () => {
  assert.equal(siblingModule('file:///a/src/x.ts', 'worker').href, 'file:///a/src/worker.ts');
  assert.equal(siblingModule('file:///a/dist/x.js', 'worker').href, 'file:///a/dist/worker.js');
});
