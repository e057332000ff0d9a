import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Log } from '../../../src/ports/log.ts';
import { openDockerConfig } from '../../../src/storage/images/docker-config.ts';
import { openImageStore } from '../../../src/storage/images/image-store.ts';
import { builtImage } from '../../kit/container-image.ts';
import { scratchDirectory } from '../scratch.ts';
import { smallRegistry } from './small-registry.ts';

const AUTH = Buffer.from('user:secret').toString('base64');
const CREDENTIALS = { username: 'user', password: 'secret' };

interface Config {
  readonly file: string;
  /** All that was logged, as text. */
  readonly logged: string[];
  write(content: object | string): Promise<void>;
  find(registry: string): ReturnType<Awaited<ReturnType<typeof openDockerConfig>>>;
}

async function opened(context: TestContext): Promise<Config> {
  const file = join(await scratchDirectory(context), 'config.json');
  const logged: string[] = [];
  const keep = (...words: unknown[]): void => void logged.push(JSON.stringify(words));
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
  const find = await openDockerConfig({ file, isDemanded: false, log });
  const write: Config['write'] = (content) =>
    writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return { file, logged, write, find };
}

test('credentials are found by the host, in every form that clients write', async (context) => {
  const { write, find } = await opened(context);
  assert.equal(await find('registry.example.com'), undefined, 'there need be no file');
  for (const name of [
    'registry.example.com',
    'https://registry.example.com',
    'https://registry.example.com/v2/',
    'http://Registry.example.com/v1/',
  ]) {
    await write({ auths: { other: { auth: 'x' }, [name]: { auth: AUTH } } });
    assert.deepEqual(await find('registry.example.com'), CREDENTIALS, name);
  }
  await write({ auths: { 'registry.example.com:5000': CREDENTIALS } });
  assert.deepEqual(await find('registry.example.com:5000'), CREDENTIALS);
  assert.equal(await find('registry.example.com'), undefined);
  await write({ auths: { 'registry.example.com': { auth: Buffer.from('user:a:b').toString('base64') } } });
  assert.deepEqual(await find('registry.example.com'), { username: 'user', password: 'a:b' });
});

test('what cannot be used is said once, by name, and nothing secret with it', async (context) => {
  const { write, find, logged } = await opened(context);
  const auths = { 'r.example.com': { auth: AUTH } };
  const cases: [object | string, RegExp][] = [
    [{ auths, credHelpers: { 'r.example.com': 'ecr-login' } }, /docker-credential-ecr-login is not run/],
    [{ auths: { 'r.example.com': {} }, credsStore: 'pass' }, /docker-credential-pass is not run/],
    [{ auths: { 'r.example.com': { auth: AUTH, identitytoken: 'secret' } } }, /identity token/],
    [{ auths: { 'r.example.com': { auth: 'secret' } } }, /neither auth nor username/],
    [`{"auths": {"r.example.com": {"auth": "${AUTH}" "secret"`, /no JSON object|not a JSON object/],
  ];
  for (const [content, words] of cases) {
    await write(content);
    const before = logged.length;
    assert.equal(await find('r.example.com'), undefined);
    assert.equal(await find('r.example.com'), undefined);
    assert.equal(logged.length, before + 1);
    assert.match(logged.at(-1)!, words);
  }
  assert.doesNotMatch(logged.join(), /secret/);
  assert.ok(!logged.join().includes(AUTH));
});

test('a file that was demanded must be there, and be well', async (context) => {
  const { file, write } = await opened(context);
  const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
  const open = () => openDockerConfig({ file, isDemanded: true, log });
  await assert.rejects(open(), { name: 'PlatformError', message: new RegExp(`${file} is not there`) });
  await write('[]');
  await assert.rejects(open(), { name: 'PlatformError', message: /is not a JSON object/ });
  await write({});
  await open();
  const asFile = openDockerConfig({ file: join(file, 'config.json'), isDemanded: true, log });
  await assert.rejects(asFile, { name: 'PlatformError' });
  await mkdir(`${file}.d`);
  await assert.rejects(openDockerConfig({ file: `${file}.d`, isDemanded: true, log }), { message: /EISDIR/ });
});

for (const authorization of ['basic', 'bearer'] as const)
  test(`a registry with ${authorization} credentials gives its image to who has logged in meanwhile`, async (context) => {
    const registry = await smallRegistry(context, authorization);
    registry.add(await builtImage({ layers: [[{ name: 'run' }]] }), 'v1');
    const { write, find } = await opened(context);
    const directory = await scratchDirectory(context);
    const store = await openImageStore({
      directory,
      accessTo: (host) => ({ credentials: () => find(host) }),
      bootId: async () => 'this',
    });
    context.after(() => store.close());
    const uri = `${registry.host}/team/app:v1`;
    await assert.rejects(store.resolve(uri, 'x86_64'), { kind: 'access-denied' });
    const wrong = Buffer.from('user:wrong-secret').toString('base64');
    await write({ auths: { [registry.host]: { auth: wrong } } });
    await assert.rejects(store.resolve(uri, 'x86_64'), (error: Error) => {
      assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes('wrong-secret'));
      return !error.message.includes(wrong);
    });
    await write({ auths: { [registry.host]: { auth: AUTH } } });
    await store.acquire(await store.resolve(uri, 'x86_64'));
  });
