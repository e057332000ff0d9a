import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ControlContext } from '../../../src/lambda/control/control-context.ts';
import { withLayers } from '../../../src/lambda/control/layer-references.ts';
import { openFileBlobStore } from '../../../src/storage/files/blob-store.ts';
import { openPackageStore } from '../../../src/storage/packages/package-store.ts';
import { zipOf } from '../../kit/zip.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const OWNER = { accountId: '000000000000', region: 'us-east-1' };
const ARN = 'arn:aws:lambda:us-east-1:000000000000:layer:one:1';

test('a layer deleted while a function is being configured with it leaves its package to the function', async (context) => {
  const root = await scratchDirectory(context);
  const directory = join(root, 'packages');
  await mkdir(directory);
  const blobs = await openFileBlobStore({ directory: join(root, 'blobs') });
  const packages = await openPackageStore({ directory, blobs });
  context.after(() => packages.close());
  const referenced = new Set<string>();
  await packages.collect((blob) => referenced.has(blob));
  const { blob, sizeBytes, unpackedBytes, settle } = await packages.ingest(await zipOf({ a: 'a' }), 1_000);
  referenced.add(blob);
  settle();
  const code = { blob, sizeBytes, unpackedBytes, sha256Base64: '' };
  const control = {
    layers: { find: () => ({ ...OWNER, layerName: 'one', version: 1, code }) },
    packages,
  } as unknown as ControlContext;

  const deleteLayer = async (): Promise<void> => {
    referenced.delete(blob);
    packages.discard(blob);
    await packages.idle();
  };
  await withLayers(control, [ARN], OWNER, async (layers) => {
    assert.deepEqual(layers, [{ arn: ARN, blob, sizeBytes, unpackedBytes }]);
    await deleteLayer();
    assert.equal(await blobs.has(blob), true, 'the record of the function is on the way');
    referenced.add(blob);
  });
  await packages.idle();
  assert.equal(await blobs.has(blob), true, 'the function refers to it');

  const refused = withLayers(control, [ARN], OWNER, async () => {
    await deleteLayer();
    throw new Error('the function was refused');
  });
  await assert.rejects(refused, /the function was refused/);
  await packages.idle();
  assert.equal(await blobs.has(blob), false, 'nothing refers to it');
});
