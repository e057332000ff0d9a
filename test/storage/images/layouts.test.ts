import assert from 'node:assert/strict';
import { readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { ImageStore } from '../../../src/ports/image-store.ts';
import { openImageStore } from '../../../src/storage/images/image-store.ts';
import type { BuiltImage } from '../../kit/container-image.ts';
import { builtImage } from '../../kit/container-image.ts';
import { writeLayout } from '../../kit/oci-layout.ts';
import { scratchDirectory } from '../scratch.ts';

const TAG = 'org.opencontainers.image.ref.name';

interface Opened {
  readonly store: ImageStore;
  /** Of all layouts. */
  readonly layouts: string;
}

async function opened(context: TestContext): Promise<Opened> {
  const [directory, layouts] = await Promise.all([scratchDirectory(context), scratchDirectory(context)]);
  const store = await openImageStore({
    directory,
    layouts,
    accessTo: () => ({}),
    bootId: async () => 'this',
  });
  context.after(() => store.close());
  return { store, layouts };
}

function imageWith(name: string): Promise<BuiltImage> {
  return builtImage({ layers: [[{ name, content: name }]], config: { Cmd: ['/run'] } });
}

test('an image of a layout is taken by its tag, and by its digest', async (context) => {
  const { store, layouts } = await opened(context);
  const image = await imageWith('run');
  await writeLayout(join(layouts, 'team/app'), image, { tag: 'v1' });
  const resolvedUri = `oci-layout.localhost/team/app@${image.digest}`;
  for (const name of ['oci-layout.localhost/team/app:v1', resolvedUri]) {
    const identity = await store.resolve(name, 'x86_64');
    assert.deepEqual(identity, { resolvedUri, sha256: image.digest.slice('sha256:'.length) });
    const { rootDirectory, configuration } = await store.acquire(identity);
    assert.equal(await readFile(join(rootDirectory, 'run'), 'utf8'), 'run');
    assert.deepEqual(configuration.command, ['/run']);
  }
});

test('an image without a tag is the latest one where it is alone', async (context) => {
  const { store, layouts } = await opened(context);
  const [image, other] = await Promise.all([imageWith('run'), imageWith('other')]);
  await writeLayout(join(layouts, 'app'), image);
  const { sha256 } = await store.resolve('oci-layout.localhost/app', 'x86_64');
  assert.equal(`sha256:${sha256}`, image.digest);
  await assert.rejects(store.resolve('oci-layout.localhost/app:v1', 'x86_64'), { kind: 'not-found' });
  const both = [image, other].map(({ digest, mediaType }) => ({ digest, mediaType }));
  await writeLayout(join(layouts, 'app'), image, { manifests: both });
  await assert.rejects(store.resolve('oci-layout.localhost/app', 'x86_64'), { kind: 'not-found' });
  const alike = both.map((descriptor) => ({ ...descriptor, annotations: { [TAG]: 'v1' } }));
  await writeLayout(join(layouts, 'app'), image, { manifests: alike });
  await assert.rejects(store.resolve('oci-layout.localhost/app:v1', 'x86_64'), {
    kind: 'invalid',
    message: /several images v1/,
  });
});

test('content of a layout that has another digest is refused', async (context) => {
  const { store, layouts } = await opened(context);
  const image = await imageWith('run');
  const layout = join(layouts, 'app');
  const fileOf = (digest: string): string => join(layout, 'blobs/sha256', digest.slice('sha256:'.length));
  const [layer] = image.blobs.keys();
  await writeLayout(layout, image, { tag: 'v1' });
  const identity = await store.resolve('oci-layout.localhost/app:v1', 'x86_64');
  const content = await readFile(fileOf(layer!));
  content[12]! ^= 1;
  await writeFile(fileOf(layer!), content);
  await assert.rejects(store.acquire(identity), { kind: 'invalid', message: /has the digest sha256:/ });
  await writeFile(fileOf(image.digest), `${image.manifest.toString()} `);
  await assert.rejects(store.resolve('oci-layout.localhost/app:v1', 'x86_64'), {
    kind: 'invalid',
    message: /has the digest sha256:/,
  });
  await assert.rejects(store.resolve(`oci-layout.localhost/app@${image.digest}`, 'x86_64'), {
    kind: 'invalid',
  });
});

test('no name and no link leads out of the directory of layouts', async (context) => {
  const { store, layouts } = await opened(context);
  const outside = await scratchDirectory(context);
  const image = await imageWith('run');
  await writeLayout(join(outside, 'app'), image, { tag: 'v1' });
  await symlink(join(outside, 'app'), join(layouts, 'linked'));
  await assert.rejects(store.resolve('oci-layout.localhost/linked:v1', 'x86_64'), { kind: 'access-denied' });
  for (const name of ['../app', 'x/../../app', './app', '/app'])
    await assert.rejects(store.resolve(`oci-layout.localhost/${name}:v1`, 'x86_64'), {
      kind: 'malformed-name',
    });
  // A blob that is a link is no better.
  await writeLayout(join(layouts, 'app'), image, { tag: 'v1' });
  const [layer] = image.blobs.keys();
  const file = join(layouts, 'app/blobs/sha256', layer!.slice('sha256:'.length));
  await rename(file, join(outside, 'layer'));
  await symlink(join(outside, 'layer'), file);
  const identity = await store.resolve('oci-layout.localhost/app:v1', 'x86_64');
  await assert.rejects(store.acquire(identity), { kind: 'access-denied' });
});

test('what is no layout, and a server without layouts, say so', async (context) => {
  const { store, layouts } = await opened(context);
  await assert.rejects(store.resolve('oci-layout.localhost/none:v1', 'x86_64'), { kind: 'not-found' });
  await writeLayout(join(layouts, 'app'), await imageWith('run'), { tag: 'v1' });
  await writeFile(join(layouts, 'app/oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
  await assert.rejects(store.resolve('oci-layout.localhost/app:v1', 'x86_64'), { kind: 'unsupported' });
  const directory = await scratchDirectory(context);
  const none = await openImageStore({ directory, accessTo: () => ({}), bootId: async () => 'this' });
  context.after(() => none.close());
  await assert.rejects(none.resolve('oci-layout.localhost/app:v1', 'x86_64'), {
    message: /--image-layouts/,
  });
});
