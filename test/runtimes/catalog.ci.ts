/** How runtime names come to interpreters, as functions see it. Nothing is fetched here. */
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Runtime } from '@aws-sdk/client-lambda';
import { interpreterVersion } from '../../src/sandbox/catalog/host-interpreters.ts';
import { openRuntimeCatalog } from '../../src/sandbox/catalog/runtime-catalog.ts';
import { startedPlatform } from '../kit/started-platform.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { create, deploy, substitutedRuntime } from './deployed-function.ts';

/** A version that no host of this test has; the name is one of AWS's. */
const FILES = { 'index.js': 'exports.handler = async () => process.versions.node.split(".")[0]' };
const CATALOG = {
  runtimesDirectory: '/nowhere',
  configured: {},
  nearestRuntime: false,
  fetchRuntimes: false,
  log: { debug() {}, info() {}, warn() {}, error() {} },
} as const;
const RUNNING_MAJOR = process.versions.node.split('.')[0]!;

test('a runtime that cannot be had makes the function Failed, with the reason', async (context) => {
  const platform = await startedPlatform(context);
  const found = new Map((await platform.runtimes()).map(({ runtime, resolution }) => [runtime, resolution]));
  const missing = [...found].filter(([, { available }]) => !available).map(([runtime]) => runtime);
  assert.ok(missing.length > 0, 'this host has an interpreter for every runtime');
  const { configuration } = await create(platform, FILES, { Runtime: missing[0] as Runtime });
  assert.equal(configuration.State, 'Failed');
  assert.equal(configuration.LastUpdateStatus, 'Failed');
  assert.match(configuration.StateReason ?? '', / is not on this host/);
});

test('a configured path is the interpreter of its runtime', async (context) => {
  const platform = await startedPlatform(context, { runtimes: { 'nodejs22.x': process.execPath } });
  const { invoke } = await deploy(platform, FILES, { Runtime: 'nodejs22.x' });
  assert.equal((await invoke()).value, RUNNING_MAJOR);
});

test('a configured path may be a link', async (context) => {
  const directory = await scratchDirectory(context);
  const link = join(directory, 'node');
  await symlink(process.execPath, link);
  const platform = await startedPlatform(context, { runtimes: { 'nodejs22.x': link } });
  const { invoke } = await deploy(platform, FILES, { Runtime: 'nodejs22.x' });
  assert.equal((await invoke()).value, RUNNING_MAJOR);
});

test('a configured path makes no interpreter of one language that of another', async () => {
  const catalog = openRuntimeCatalog({
    ...CATALOG,
    configured: { dotnet8: process.execPath },
  });
  assert.deepEqual(await catalog.resolve('dotnet8'), {
    available: false,
    reason: 'This version of selfsame cannot run dotnet8: no runtime of the family dotnet yet.',
  });
});

test('what was installed since it was missing is found', async (context) => {
  const directory = await scratchDirectory(context);
  const catalog = openRuntimeCatalog({ ...CATALOG, runtimesDirectory: directory });
  const missing = (await catalog.list()).find(
    ({ runtime, resolution }) => runtime.startsWith('ruby') && !resolution.available,
  );
  assert.ok(missing !== undefined, 'this host has every version of Ruby');
  assert.equal((await catalog.resolve(missing.runtime)).available, false);
  const version = `${missing.runtime.slice('ruby'.length)}.1`;
  await writeFile(join(directory, 'ruby'), `#!/bin/sh\necho ruby ${version}\n`, { mode: 0o755 });
  const before = process.env['PATH'];
  context.after(() => {
    process.env['PATH'] = before;
  });
  process.env['PATH'] = `${directory}:${before}`;
  const found = await catalog.resolve(missing.runtime);
  assert.equal(found.available && found.installation.version, version);
});

test('no earlier Java stands in for a later one', async (context) => {
  const home = await scratchDirectory(context);
  await mkdir(join(home, 'bin'));
  await writeFile(join(home, 'bin', 'java'), '');
  await writeFile(join(home, 'release'), 'JAVA_VERSION="98.0.1"\n');
  const before = process.env['JAVA_HOME'];
  context.after(() => {
    if (before === undefined) delete process.env['JAVA_HOME'];
    else process.env['JAVA_HOME'] = before;
  });
  process.env['JAVA_HOME'] = home;
  const resolution = await openRuntimeCatalog({ ...CATALOG, nearestRuntime: true }).resolve('java99');
  assert.match(
    resolution.available ? 'available' : resolution.reason,
    /^Java 99 is not on this host \(found: .*98\.0\.1.*\)\. Install it or configure its path\.$/,
  );
});

for (const [release, version] of [
  ['17.0.15', '17.0.15'],
  ['25', '25'],
  // Java 8 calls itself 1.8.
  ['1.8.0_392', '8.0'],
] as const) {
  test(`Java ${release} is of the version ${version}, as the file beside it says`, async (context) => {
    const home = await scratchDirectory(context);
    await writeFile(join(home, 'release'), `IMPLEMENTOR="Debian"\nJAVA_VERSION="${release}"\n`);
    assert.equal(await interpreterVersion(join(home, 'bin', 'java')), version);
  });
}

test('a configured path that does not run is named', async (context) => {
  const directory = await scratchDirectory(context);
  const path = join(directory, 'node');
  await writeFile(path, 'not a program', { mode: 0o755 });
  const platform = await startedPlatform(context, { runtimes: { 'nodejs22.x': path } });
  const { configuration } = await create(platform, FILES, { Runtime: 'nodejs22.x' });
  assert.equal(configuration.State, 'Failed');
  assert.equal(
    configuration.StateReason,
    `The interpreter configured for nodejs22.x, ${path}, does not run.`,
  );
});

test('the nearest version stands in only when allowed, and says so at every start', async (context) => {
  const platform = await startedPlatform(context, { nearestRuntime: true, logLevel: 'silent' });
  const Runtime = await substitutedRuntime(platform, 'nodejs');
  for (const [settings, pattern] of [
    [
      {},
      /\tWARN\tThis host has no interpreter for nodejs\d+\.x; version \d+\.\d+\.\d+ stands in for \d+\.$/m,
    ],
    [
      { LoggingConfig: { LogFormat: 'JSON' } },
      /^\{"timestamp":"[^"]+","level":"WARN","message":"This host has no interpreter for /m,
    ],
  ] as const) {
    const { invoke, logEvents } = await deploy(platform, FILES, {
      Runtime,
      ...settings,
    });
    assert.equal((await invoke()).functionError, undefined);
    assert.match((await logEvents()).join('\n'), pattern);
  }
});

test('where boto3 is missing, importing it says why, and everything else runs', async (context) => {
  const platform = await startedPlatform(context);
  const python = (await platform.runtimes()).find(
    ({ runtime, resolution }) => runtime.startsWith('python') && resolution.available,
  );
  const interpreter = python?.resolution.available ? python.resolution.installation.interpreter : undefined;
  assert.ok(interpreter !== undefined, 'no Python of 3.10 or later is on this host');
  // A virtual environment's interpreter has no packages but its own.
  const directory = await scratchDirectory(context);
  await writeFile(join(directory, 'pyvenv.cfg'), `home = ${join(interpreter, '..')}\n`);
  await symlink(interpreter, join(directory, 'python3'));
  const bare = await startedPlatform(context, {
    runtimes: { [python!.runtime]: join(directory, 'python3') },
    isolation: 'process',
  });
  const settings = { Runtime: python!.runtime as Runtime, Handler: 'app.handler' };
  const { fail } = await deploy(bare, { 'app.py': 'import boto3\nhandler = None' }, settings);
  const { errorType, errorMessage } = await fail();
  assert.equal(errorType, 'Runtime.ImportModuleError');
  assert.match(
    errorMessage,
    /^Unable to import module 'app': No module named 'boto3' \(this host's Python has none, and fetching is switched off\)$/,
  );
  const own = {
    'app.py': 'import boto3\ndef handler(event, context):\n  return boto3.OWN',
    'boto3.py': 'OWN = "own"',
  };
  const { invoke } = await deploy(bare, own, settings);
  assert.equal((await invoke()).value, 'own');
});
