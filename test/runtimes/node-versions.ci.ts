/** Every runtime of the table with its own interpreter: Node.js as npm brings it, Python as this host has it. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Runtime } from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { openRuntimeCatalog } from '../../src/sandbox/catalog/runtime-catalog.ts';
import { create, deploy } from './deployed-function.ts';

const LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('every version of Node.js', () => {
  let platform: Platform;
  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
  });
  after(() => platform.close());

  for (const major of [20, 22, 24, 26]) {
    test(`nodejs${major}.x runs on Node.js ${major}`, async () => {
      const settings = { Runtime: `nodejs${major}.x` as Runtime };
      const version = await deploy(
        platform,
        {
          'index.mjs': `await null; export const handler = async (event) => ({
            major: process.versions.node.split('.')[0], event, flags: process.execArgv, env: process.env.AWS_EXECUTION_ENV });`,
        },
        settings,
      );
      const { value } = await version.invoke({ a: [1] });
      const { flags, ...rest } = value as { flags: string[] };
      assert.deepEqual(rest, { major: String(major), event: { a: [1] }, env: `AWS_Lambda_nodejs${major}.x` });
      assert.ok(flags.includes('--no-experimental-require-module'));

      const callback = await deploy(
        platform,
        { 'index.js': 'exports.handler = (event, context, callback) => callback(null, 7)' },
        settings,
      );
      if (major < 24) assert.equal((await callback.invoke()).value, 7);
      else assert.equal((await callback.fail()).errorType, 'Runtime.CallbackHandlerDeprecated');

      const plain = await deploy(platform, { 'index.js': 'exports.handler = () => 7' }, settings);
      assert.equal((await plain.invoke()).value, major < 24 ? null : 7);

      const unhandled = await deploy(
        platform,
        { 'index.js': 'exports.handler = () => { Promise.reject(new Error("x")); }' },
        settings,
      );
      const { errorType } = await unhandled.fail();
      assert.equal(errorType, major < 24 ? 'Runtime.UnhandledPromiseRejection' : 'Runtime.ExitError');

      const required = await deploy(
        platform,
        {
          'index.js': `const { STSClient } = require('@aws-sdk/client-sts'); exports.handler = async () => typeof STSClient`,
        },
        settings,
      );
      assert.equal((await required.invoke()).value, 'function');
      // Node.js before 22.15 has no hook by which an import could look where NODE_PATH says.
      const imported = await deploy(
        platform,
        {
          'index.mjs': `import { STSClient } from '@aws-sdk/client-sts'; export const handler = async () => typeof STSClient`,
        },
        settings,
      );
      if (major > 20) assert.equal((await imported.invoke()).value, 'function');
      else assert.match((await imported.fail()).errorMessage, /^Cannot find package '@aws-sdk\/client-sts'/);
    });
  }

  test('every Python of this host runs what is written for it', async () => {
    const pythons = (await platform.runtimes()).filter(
      ({ runtime, resolution }) => runtime.startsWith('python') && resolution.available,
    );
    assert.ok(pythons.length > 0, 'no Python of 3.10 or later is on this host');
    for (const { runtime } of pythons) {
      const { invoke } = await deploy(
        platform,
        {
          'app.py': `import sys, logging
def handler(event, context):
    logging.getLogger().warning("from %s", context.function_name)
    return ["python%d.%d" % sys.version_info[:2], event, context.memory_limit_in_mb]`,
        },
        { Runtime: runtime as Runtime, Handler: 'app.handler', MemorySize: 256 },
      );
      const { value, tail } = await invoke({ a: 'ä' });
      assert.deepEqual(value, [runtime, { a: 'ä' }, '256']);
      assert.match(tail, /^\[WARNING\]\t.*\tfrom f-/m);
    }
  });
});

describe('fetching Node.js', () => {
  test('two who ask at once share a fetch, which reports its progress', async (context) => {
    const runtimesDirectory = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
    context.after(() => rm(runtimesDirectory, { recursive: true }));
    // Left by a server that was killed in the middle of it.
    await mkdir(join(runtimesDirectory, 'fetching-left', 'node_modules'), { recursive: true });
    const said: string[] = [];
    const log = { ...LOG, info: (_fields: object, message: string) => said.push(message) };
    const open = () =>
      openRuntimeCatalog({
        runtimesDirectory,
        configured: {},
        nearestRuntime: false,
        fetchRuntimes: true,
        log,
      });
    const answers = await Promise.all([open().resolve('nodejs22.x'), open().resolve('nodejs22.x')]);
    for (const answer of answers) {
      assert.ok(answer.available);
      assert.match(answer.installation.version ?? '', /^22\./);
      assert.equal(answer.installation.origin, 'fetched as an npm package');
    }
    assert.equal(said.filter((message) => message === 'Fetching Node.js 22, once.').length, 1);
    assert.equal(said.filter((message) => message === 'Fetched Node.js 22.').length, 1);
    assert.deepEqual(await readdir(runtimesDirectory), ['node-22']);
  });

  test('a fetch that fails leaves the function Failed with the reason, and nothing behind', async (context) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
    context.after(() => rm(dataDir, { recursive: true }));
    const registry = process.env['npm_config_registry'];
    // Nobody listens on the discard port.
    process.env['npm_config_registry'] = 'http://127.0.0.1:9/';
    process.env['npm_config_fetch_retries'] = '0';
    context.after(() => {
      delete process.env['npm_config_fetch_retries'];
      if (registry === undefined) delete process.env['npm_config_registry'];
      else process.env['npm_config_registry'] = registry;
    });
    const platform = await start({ port: 0, dataDir, logLevel: 'silent' });
    context.after(() => platform.close());
    const { configuration } = await create(
      platform,
      { 'index.js': 'exports.handler = async () => 1' },
      { Runtime: 'nodejs26.x' },
    );
    assert.equal(configuration.State, 'Failed');
    assert.match(
      configuration.StateReason ?? '',
      /^Node\.js 26 is not on this host and could not be fetched: npm error .*(ECONNREFUSED|127\.0\.0\.1:9)/,
    );
    assert.deepEqual(await readdir(join(dataDir, 'runtimes')), []);
  });
});
