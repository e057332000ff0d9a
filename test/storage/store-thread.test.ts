import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreThread } from '../../src/storage/store-thread.ts';
import { siblingModule } from '../../src/storage/worker-channel.ts';
import { RecordedLog } from './recorded-log.ts';

/** Here it answers `here: a`, in its thread `A`. */
async function openStore() {
  const calls: string[] = [];
  const store = await StoreThread.open<string>({
    module: siblingModule(import.meta.url, 'crashing-worker'),
    workerData: undefined,
    name: 'records',
    log: new RecordedLog(),
    onFatal: () => assert.fail('the thread has ended'),
    openHere: () => ({
      handle: (requests) => requests.map((request) => ({ reply: `here: ${request}` })),
      close: () => void calls.push('closed here'),
    }),
    isOpening: (request) => request.startsWith('read'),
  });
  return { store, calls };
}

test('what a start reads is answered without a thread, until the first request of another kind', async () => {
  const { store, calls } = await openStore();
  assert.equal(await store.request('read a'), 'here: read a');
  assert.deepEqual(calls, []);
  const answers = await Promise.all(['write b', 'read c'].map((request) => store.request(request)));
  assert.deepEqual(answers, ['WRITE B', 'READ C'], 'the thread keeps the order in which it was asked');
  assert.deepEqual(calls, ['closed here'], 'before the thread opened the file');
  assert.equal(await store.request('read d'), 'READ D');
  await store.close();
});

test('closing lets a write finish whose thread is still starting, and refuses what comes later', async () => {
  const { store } = await openStore();
  const written = store.request('write');
  await Promise.all([store.close(), store.close()]);
  assert.equal(await written, 'WRITE');
  await assert.rejects(store.request('read'), { name: 'PlatformError' });
});

test('a store that was only read closes its file', async () => {
  const { store, calls } = await openStore();
  await store.close();
  await store.close();
  assert.deepEqual(calls, ['closed here']);
  await assert.rejects(store.request('write'), { name: 'PlatformError', message: /store is closed/ });
});
