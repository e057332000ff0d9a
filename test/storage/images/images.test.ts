import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { ImageStore } from '../../../src/ports/image-store.ts';
import { openImageStore } from '../../../src/storage/images/image-store.ts';
import { extractLayer } from '../../../src/storage/images/layer-extraction.ts';
import type { RegistryAccess } from '../../../src/storage/images/registry-connection.ts';
import type { LayerEntry } from '../../kit/container-image.ts';
import { builtImage, digestOf, layerOf, OCI_INDEX } from '../../kit/container-image.ts';
import { scratchDirectory } from '../scratch.ts';
import { smallRegistry } from './small-registry.ts';

interface OpenedStore {
  readonly store: ImageStore;
  readonly directory: string;
}

async function openedStore(context: TestContext, access: RegistryAccess = {}): Promise<OpenedStore> {
  const directory = await scratchDirectory(context);
  return { store: await storeIn(context, directory, { access }), directory };
}

async function storeIn(
  context: TestContext,
  directory: string,
  { access = {}, boot = 'this' }: { access?: RegistryAccess; boot?: string } = {},
): Promise<ImageStore> {
  const store = await openImageStore({
    directory,
    accessTo: () => access,
    bootId: async () => boot,
    // Nothing here becomes reachable by waiting.
    wait: async () => {},
  });
  context.after(() => store.close());
  return store;
}

const file = (name: string, content = name, mode = 0o644): LayerEntry => ({ name, content, mode });

/** The root directory of an image of these layers. */
async function rootOf(context: TestContext, layers: readonly (readonly LayerEntry[])[]): Promise<string> {
  const registry = await smallRegistry(context);
  registry.add(await builtImage({ layers }), 'v1');
  const { store } = await openedStore(context);
  const identity = await store.resolve(`${registry.host}/team/app:v1`, 'x86_64');
  return (await store.acquire(identity)).rootDirectory;
}

for (const compression of ['gzip', 'zstd', 'none'] as const) {
  test(`an image with layers compressed by ${compression} is fetched and extracted once`, async (context) => {
    const registry = await smallRegistry(context);
    const config = { Entrypoint: ['/run'], Cmd: ['handler'], Env: ['A=1=2'], WorkingDir: '/var/task' };
    const image = await builtImage({ layers: [[file('run', 'program', 0o755)]], config, compression });
    registry.add(image, 'v1');
    const { store } = await openedStore(context);
    const identity = await store.resolve(`${registry.host}/team/app:v1`, 'x86_64');
    assert.deepEqual(identity, {
      resolvedUri: `${registry.host}/team/app@${image.digest}`,
      sha256: image.digest.slice('sha256:'.length),
    });
    const [first, second] = await Promise.all([store.acquire(identity), store.acquire(identity)]);
    assert.deepEqual(first, second);
    assert.deepEqual(first.configuration, {
      entryPoint: ['/run'],
      command: ['handler'],
      workingDirectory: '/var/task',
      environment: { A: '1=2' },
    });
    assert.equal(await readFile(join(first.rootDirectory, 'run'), 'utf8'), 'program');
    assert.equal((await stat(join(first.rootDirectory, 'run'))).mode & 0o777, 0o755);
    assert.ok((await stat(join(first.rootDirectory, 'var/task'))).isDirectory());
    const blobs = registry.served.filter((path) => path.startsWith('blobs/'));
    assert.equal(blobs.length, new Set(blobs).size, 'nothing is fetched twice');
  });
}

test('the image of the architecture is taken from an index', async (context) => {
  const registry = await smallRegistry(context);
  const [intel, arm] = await Promise.all([
    builtImage({ layers: [[file('intel')]] }),
    builtImage({ layers: [[file('arm')]] }),
  ]);
  registry.add(intel, 'intel');
  registry.add(arm, 'arm');
  const entry = (digest: string, architecture: string) => ({
    digest,
    platform: { os: 'linux', architecture },
  });
  const manifests = [entry(intel.digest, 'amd64'), entry(arm.digest, 'arm64')];
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
  registry.content.set('manifests/both', { body: index, mediaType: OCI_INDEX });
  const { store } = await openedStore(context);
  const uri = `${registry.host}/team/app:both`;
  assert.equal(`sha256:${(await store.resolve(uri, 'x86_64')).sha256}`, intel.digest);
  assert.equal(`sha256:${(await store.resolve(uri, 'arm64')).sha256}`, arm.digest);
});

for (const authorization of ['bearer', 'basic'] as const) {
  test(`a registry that asks for ${authorization} credentials gets them`, async (context) => {
    const registry = await smallRegistry(context, authorization);
    registry.add(await builtImage({ layers: [[file('run')]] }), 'v1');
    const known = await openedStore(context, {
      credentials: async () => ({ username: 'user', password: 'secret' }),
    });
    const identity = await known.store.resolve(`${registry.host}/team/app:v1`, 'x86_64');
    await known.store.acquire(identity);
    const stranger = await openedStore(context);
    await assert.rejects(stranger.store.resolve(`${registry.host}/team/app:v1`, 'x86_64'), {
      kind: 'access-denied',
    });
  });
}

test('what is not there, or has no name of an image, is told apart', async (context) => {
  const registry = await smallRegistry(context);
  const { store } = await openedStore(context);
  await assert.rejects(store.resolve(`${registry.host}/team/app:none`, 'x86_64'), { kind: 'not-found' });
  await assert.rejects(store.resolve('127.0.0.1:1/team/app', 'x86_64'), { kind: 'unreachable' });
  for (const name of [
    'app',
    'app:v1',
    'Host.example/UPPER',
    `${registry.host}/a@sha256:12`,
    'h.example/../a',
  ])
    await assert.rejects(store.resolve(name, 'x86_64'), { kind: 'malformed-name' }, name);
});

test('content that does not have the digest it was asked for by is refused', async (context) => {
  const registry = await smallRegistry(context);
  const image = await builtImage({ layers: [[file('run')]] });
  registry.add(image, 'v1');
  const other = await builtImage({ layers: [[file('other')]] });
  const { store } = await openedStore(context);
  const identity = await store.resolve(`${registry.host}/team/app:v1`, 'x86_64');
  // The configuration is fetched first, and what was fetched well is kept.
  for (const digest of [...image.blobs.keys()].reverse()) {
    const right = registry.content.get(`blobs/${digest}`)!;
    registry.content.set(`blobs/${digest}`, { ...right, body: Buffer.from('something else') });
    await assert.rejects(store.acquire(identity), { kind: 'invalid' });
    registry.content.set(`blobs/${digest}`, right);
  }
  registry.content.set(`manifests/${image.digest}`, { body: other.manifest, mediaType: other.mediaType });
  await assert.rejects(store.resolve(`${registry.host}/team/app@${image.digest}`, 'x86_64'), {
    kind: 'invalid',
  });
  await store.acquire(identity);
});

test('refused content takes nothing from an image that consists of it', async (context) => {
  const registry = await smallRegistry(context);
  const [good, bad] = [
    await builtImage({ layers: [[file('good')]] }),
    await builtImage({ layers: [[file('another')]] }),
  ];
  registry.add(good, 'good');
  registry.add(bad, 'bad');
  const { store, directory } = await openedStore(context);
  const identity = await store.resolve(`${registry.host}/team/app:good`, 'x86_64');
  await store.acquire(identity);
  const [goodLayer] = good.blobs.keys();
  const [badLayer] = bad.blobs.keys();
  registry.content.set(`blobs/${badLayer}`, registry.content.get(`blobs/${goodLayer}`)!);
  const wrong = await store.resolve(`${registry.host}/team/app:bad`, 'x86_64');
  await assert.rejects(store.acquire(wrong), { kind: 'invalid' });
  await store.close();
  // After another start of the host the root is made anew, of what is here.
  const served = registry.served.length;
  const { rootDirectory } = await (await storeIn(context, directory, { boot: 'next' })).acquire(identity);
  assert.equal(await readFile(join(rootDirectory, 'good'), 'utf8'), 'good');
  assert.equal(registry.served.length, served);
});

test('content that is longer than its manifest says is refused', async (context) => {
  const registry = await smallRegistry(context);
  const image = await builtImage({ layers: [[file('run')]] });
  const { store } = await openedStore(context);
  const resolved = (configSize: unknown, layerSize: unknown) => {
    const document = JSON.parse(image.manifest.toString());
    const layers = [{ ...document.layers[0], size: layerSize }];
    const changed = { ...document, config: { ...document.config, size: configSize }, layers };
    const manifest = Buffer.from(JSON.stringify(changed));
    registry.add({ ...image, manifest, digest: digestOf(manifest) }, 'v1');
    return store.resolve(`${registry.host}/team/app:v1`, 'x86_64');
  };
  const [layer, config] = [...image.blobs.values()].map((blob) => blob.length);
  await assert.rejects(store.acquire(await resolved(config, layer! - 1)), {
    kind: 'invalid',
    message: /more than the \d+ bytes/,
  });
  for (const [configSize, layerSize] of [
    [config, undefined],
    [config, 11 * 1024 ** 3],
    [5 * 1024 ** 2, layer],
  ])
    await assert.rejects(resolved(configSize, layerSize), { kind: 'invalid', message: /size|bytes/ });
});

test('a slow registry holds up its own image only, and nothing that closes', async (context) => {
  const registry = await smallRegistry(context);
  const [slow, quick] = [
    await builtImage({ layers: [[file('slow')]] }),
    await builtImage({ layers: [[file('quick')]] }),
  ];
  registry.add(slow, 'slow');
  registry.add(quick, 'quick');
  const { store } = await openedStore(context);
  const [layer] = slow.blobs.keys();
  const { asked } = registry.stall(`blobs/${layer}`);
  const waiting = store.acquire(await store.resolve(`${registry.host}/team/app:slow`, 'x86_64'));
  const refused = assert.rejects(waiting, { kind: 'interrupted' });
  await asked;
  await store.acquire(await store.resolve(`${registry.host}/team/app:quick`, 'x86_64'));
  await store.close();
  await refused;
  await assert.rejects(store.resolve(`${registry.host}/team/app:quick`, 'x86_64'), { kind: 'interrupted' });
});

test('a redirect is followed without the token of the registry, and to HTTP only', async (context) => {
  const registry = await smallRegistry(context, 'bearer');
  const elsewhere = await smallRegistry(context);
  const image = await builtImage({ layers: [[file('run')]] });
  registry.add(image, 'v1');
  elsewhere.add(image, 'v1');
  const [layer, config] = image.blobs.keys();
  registry.redirects.set(`blobs/${layer}`, `http://${elsewhere.host}/v2/team/app/blobs/${layer}`);
  registry.redirects.set(`blobs/${config}`, 'file:///etc/passwd');
  const { store } = await openedStore(context, {
    credentials: async () => ({ username: 'user', password: 'secret' }),
  });
  const identity = await store.resolve(`${registry.host}/team/app:v1`, 'x86_64');
  await assert.rejects(store.acquire(identity), { kind: 'unreachable', message: /no HTTP address/ });
  registry.redirects.delete(`blobs/${config}`);
  await store.acquire(identity);
  assert.deepEqual(elsewhere.authorizations, [undefined]);
});

test('what a killed process or another start of the host left half made goes', async (context) => {
  const registry = await smallRegistry(context);
  registry.add(await builtImage({ layers: [[file('run')]] }), 'v1');
  const { store, directory } = await openedStore(context);
  const identity = await store.resolve(`${registry.host}/team/app:v1`, 'x86_64');
  await store.acquire(identity);
  await store.close();
  const roots = join(directory, 'roots');
  await mkdir(join(roots, 'unfinished-1/filled'), { recursive: true });
  await storeIn(context, directory);
  assert.deepEqual(await readdir(roots), [identity.sha256]);
  await storeIn(context, directory, { boot: 'next' });
  assert.deepEqual(await readdir(roots), []);
});

test('whiteouts hide what lower layers have, and only that', async (context) => {
  const root = await rootOf(context, [
    [file('a/kept'), file('a/removed'), file('b/lower'), file('b/deep/lower'), file('c')],
    [
      file('a/.wh.removed', ''),
      file('b/upper'),
      file('b/deep/upper'),
      file('b/.wh..wh..opq', ''),
      { name: 'c', type: 'directory', mode: 0o755 },
      file('c/inside'),
    ],
  ]);
  assert.deepEqual(await readdir(join(root, 'a')), ['kept']);
  assert.deepEqual((await readdir(join(root, 'b'))).sort(), ['deep', 'upper']);
  assert.deepEqual(await readdir(join(root, 'b/deep')), ['upper']);
  assert.deepEqual(await readdir(join(root, 'c')), ['inside']);
});

test('links and modes are those of the archive', async (context) => {
  const root = await rootOf(context, [
    [
      { name: 'usr/lib', type: 'directory', mode: 0o555 },
      { name: 'lib', type: 'symlink', linkname: 'usr/lib' },
      { name: 'abs', type: 'symlink', linkname: '/usr/lib' },
      file('bin/one', 'one', 0o4755),
      { name: 'bin/two', type: 'link', linkname: 'bin/one' },
    ],
    [file('lib/through-link', 'content', 0o600), file('abs/through-absolute-link')],
  ]);
  assert.equal(await readlink(join(root, 'lib')), 'usr/lib');
  assert.equal(await readFile(join(root, 'usr/lib/through-link'), 'utf8'), 'content');
  assert.deepEqual((await readdir(join(root, 'usr/lib'))).sort(), ['through-absolute-link', 'through-link']);
  assert.equal((await stat(join(root, 'usr/lib/through-link'))).mode & 0o7777, 0o600);
  assert.equal((await stat(join(root, 'bin/one'))).mode & 0o7777, 0o755, 'no bit that changes users is kept');
  assert.equal((await stat(join(root, 'bin/two'))).ino, (await stat(join(root, 'bin/one'))).ino);
});

test('devices and pipes are left out', async (context) => {
  const root = await rootOf(context, [
    [
      { name: 'made/null', type: 'character-device', devmajor: 1, devminor: 3 },
      { name: 'made/disk', type: 'block-device', devmajor: 8, devminor: 0 },
      { name: 'made/pipe', type: 'fifo' },
      file('made/after'),
    ],
  ]);
  assert.deepEqual(await readdir(join(root, 'made')), ['after']);
});

test('no layer reaches out of the image', async (context) => {
  const outside = await scratchDirectory(context);
  for (const entries of [
    [file('../outside')],
    [file('a/../../outside')],
    [{ name: 'stolen', type: 'link', linkname: '../../../../etc/passwd' }],
    [
      { name: 'way', type: 'symlink', linkname: '/etc' },
      { name: 'stolen', type: 'link', linkname: 'way/passwd' },
    ],
    [file('a/.wh...', '')],
  ] satisfies LayerEntry[][]) {
    await assert.rejects(rootOf(context, [entries]), { kind: 'invalid' }, JSON.stringify(entries));
  }
  const root = await rootOf(context, [
    [
      { name: 'absolute', type: 'symlink', linkname: outside },
      { name: 'climbing', type: 'symlink', linkname: '../../../../../../../../tmp' },
    ],
    [file('absolute/file'), file('climbing/file'), file('absolute/.wh.gone', '')],
  ]);
  assert.deepEqual(await readdir(outside), []);
  assert.equal(await readFile(join(root, 'tmp/file'), 'utf8'), 'climbing/file');
  assert.equal(await readFile(join(root, outside, 'file'), 'utf8'), 'absolute/file');
  await assert.rejects(
    rootOf(context, [[{ name: 'circle', type: 'symlink', linkname: 'circle' }, file('circle/file')]]),
    { kind: 'invalid' },
  );
});

test('a link in the place of a directory of the same layer does not get its mode', async (context) => {
  const outside = await scratchDirectory(context);
  await mkdir(join(outside, 'inner'), { mode: 0o700 });
  await chmod(outside, 0o700);
  const directory = (name: string): LayerEntry => ({ name, type: 'directory', mode: 0o777 });
  const root = await rootOf(context, [
    [
      directory('a'),
      directory('b/inner'),
      { name: 'a', type: 'symlink', linkname: outside },
      { name: 'b', type: 'symlink', linkname: outside },
    ],
  ]);
  assert.equal(await readlink(join(root, 'a')), outside);
  for (const path of [outside, join(outside, 'inner')])
    assert.equal((await stat(path)).mode & 0o777, 0o700, path);
  const replaced = await rootOf(context, [[directory('a/inner'), file('a')]]);
  assert.equal(await readFile(join(replaced, 'a'), 'utf8'), 'a');
});

test('a layer without content in its files is limited by its archive', async (context) => {
  const archive = await layerOf(Array.from({ length: 100 }, (_, index) => file(`empty-${index}`, '')));
  const unpack = async (maxBytes: number): Promise<number> =>
    extractLayer(Readable.from([archive]), 'none', await scratchDirectory(context), maxBytes);
  assert.equal(await unpack(archive.length), archive.length);
  await assert.rejects(unpack(archive.length - 1), { kind: 'invalid', message: /unpacks to more than/ });
});

test('what an environment mounts upon is there as a real directory', async (context) => {
  const outside = await scratchDirectory(context);
  const links = ['proc', 'tmp', 'etc'].map(
    (name): LayerEntry => ({ name, type: 'symlink', linkname: outside }),
  );
  const root = await rootOf(context, [links]);
  for (const name of ['proc', 'tmp', 'etc', 'dev', 'opt'])
    assert.ok((await lstat(join(root, name))).isDirectory(), name);
  assert.deepEqual(await readdir(outside), []);
});

test('an archive that is cut off, or none, is refused', async (context) => {
  const registry = await smallRegistry(context);
  const whole = await builtImage({ layers: [[file('a', 'x'.repeat(100_000))]], compression: 'none' });
  const document = JSON.parse(whole.manifest.toString()) as { layers: { digest: string }[] };
  const { store } = await openedStore(context);
  const layer = whole.blobs.get(document.layers[0]!.digest)!;
  for (const broken of [layer.subarray(0, 50_000), Buffer.from('this is no archive'.repeat(100))]) {
    document.layers[0]!.digest = digestOf(broken);
    const manifest = Buffer.from(JSON.stringify(document));
    const blobs = new Map([...whole.blobs, [digestOf(broken), broken]]);
    registry.add({ ...whole, blobs, manifest, digest: digestOf(manifest) }, 'v1');
    const identity = await store.resolve(`${registry.host}/team/app:v1`, 'x86_64');
    await assert.rejects(store.acquire(identity), { kind: 'invalid' });
  }
});

test('an image goes when nothing refers to it and nothing uses it, and shared layers stay', async (context) => {
  const registry = await smallRegistry(context);
  const shared = [file('shared')];
  const [one, two] = [
    await builtImage({ layers: [shared, [file('one')]] }),
    await builtImage({ layers: [shared] }),
  ];
  registry.add(one, 'one');
  registry.add(two, 'two');
  const { store, directory } = await openedStore(context);
  const referenced = new Set<string>();
  await store.collect((sha256) => referenced.has(sha256));
  const first = await store.resolve(`${registry.host}/team/app:one`, 'x86_64');
  const second = await store.resolve(`${registry.host}/team/app:two`, 'x86_64');
  referenced.add(second.sha256);
  const { rootDirectory } = await store.acquire(first);
  await store.acquire(second);
  store.release(second.sha256);
  store.discard(first.sha256);
  await store.close();
  assert.ok((await stat(rootDirectory)).isDirectory(), 'it is still used');
  store.release(first.sha256);
  await store.close();
  assert.deepEqual(await readdir(join(directory, 'roots')), [second.sha256]);
  const served = registry.served.length;
  await store.acquire(second);
  assert.equal(registry.served.length, served, 'nothing of the other image is fetched again');
});
