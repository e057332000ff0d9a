import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { ImageStore } from '../../../src/ports/image-store.ts';
import { openImageStore } from '../../../src/storage/images/image-store.ts';
import type { Wait } from '../../../src/storage/images/registry-retries.ts';
import { RETRY_DELAYS_MS, waitFor } from '../../../src/storage/images/registry-retries.ts';
import { builtImage } from '../../kit/container-image.ts';
import { scratchDirectory } from '../scratch.ts';
import { smallRegistry } from './small-registry.ts';

async function storeIn(context: TestContext, wait: Wait): Promise<ImageStore> {
  const directory = await scratchDirectory(context);
  const store = await openImageStore({ directory, accessTo: () => ({}), bootId: async () => 'this', wait });
  context.after(() => store.close());
  return store;
}

test('a registry that cannot be asked for a while is asked again, and not for ever', async (context) => {
  const registry = await smallRegistry(context);
  const image = await builtImage({ layers: [[{ name: 'run' }]] });
  registry.add(image, 'v1');
  const [layer] = image.blobs.keys();
  const away = `blobs/${layer}`;
  registry.redirects.set(away, 'http://127.0.0.1:1/');
  const waits: number[] = [];
  let back = 2;
  const wait: Wait = async (milliseconds) => {
    waits.push(milliseconds);
    if (waits.length === back) registry.redirects.delete(away);
  };
  const store = await storeIn(context, wait);
  const identity = await store.resolve(`${registry.host}/team/app:v1`, 'x86_64');
  await store.acquire(identity);
  assert.deepEqual(waits, RETRY_DELAYS_MS.slice(0, 2));
  store.release(identity.sha256);

  // What is refused for good is not asked for again.
  registry.content.delete(away);
  const other = await storeIn(context, wait);
  await assert.rejects(other.acquire(identity), { kind: 'not-found' });
  assert.equal(waits.length, 2);
  back = -1;
  registry.redirects.set(away, 'http://127.0.0.1:1/');
  await assert.rejects(other.acquire(identity), { kind: 'unreachable' });
  assert.deepEqual(waits.slice(2), RETRY_DELAYS_MS);
});

test('a server that closes does not wait for a registry to come back', async (context) => {
  const registry = await smallRegistry(context);
  const image = await builtImage({ layers: [[{ name: 'run' }]] });
  registry.add(image, 'v1');
  registry.redirects.set(`blobs/${[...image.blobs.keys()][0]}`, 'http://127.0.0.1:1/');
  const waits = Promise.withResolvers<void>();
  const wait: Wait = (_, signal) => {
    waits.resolve();
    return waitFor(3_600_000, signal);
  };
  const store = await storeIn(context, wait);
  const acquired = store.acquire(await store.resolve(`${registry.host}/team/app:v1`, 'x86_64'));
  acquired.catch(() => {});
  await waits.promise;
  store.interrupt();
  await assert.rejects(acquired, { kind: 'interrupted' });
});
