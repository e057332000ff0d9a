import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RuntimeInstallation } from '../../src/ports/environment.ts';
import { createSandbox, probeIsolation } from '../../src/sandbox/sandboxes.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const NODE: RuntimeInstallation = {
  runtime: 'nodejs24.x',
  family: 'nodejs',
  interpreter: process.execPath,
  directories: [],
  origin: 'the test',
};

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const { namespaces } = await probeIsolation();

for (const level of namespaces.available ? (['process', 'namespaces'] as const) : (['process'] as const)) {
  test(`at the level ${level} a runtime is made ready ahead, and what was made goes with the sandbox`, async (context) => {
    const environmentsDirectory = await scratchDirectory(context);
    const runtimesDirectory = await scratchDirectory(context);
    const open = () => createSandbox(level, { environmentsDirectory, runtimesDirectory, log: silent });
    const sandbox = await open();
    await sandbox.prepare(NODE);
    if (level === 'process') assert.deepEqual(await readdir(runtimesDirectory), ['node-packages']);
    else {
      const [shared = ''] = await readdir(environmentsDirectory);
      assert.ok(
        (await readdir(join(environmentsDirectory, shared, 'runtime-nodejs'))).includes('bootstrap.cjs'),
      );
    }
    await sandbox.close();
    assert.deepEqual(await readdir(environmentsDirectory), []);
    // Closed while it is being made ready, as by a server that ends at once.
    const hasty = await open();
    const preparing = hasty.prepare(NODE);
    await hasty.close();
    await preparing;
    assert.deepEqual(await readdir(environmentsDirectory), []);
  });
}

test('a runtime that cannot be made ready is reported by its start, not by its preparation', async (context) => {
  const directory = await scratchDirectory(context);
  const level = namespaces.available ? 'namespaces' : 'process';
  const nowhere = join(directory, 'a-file-is-missing', 'environments');
  const sandbox = await createSandbox(level, {
    environmentsDirectory: nowhere,
    runtimesDirectory: '/dev/null/x',
    log: silent,
  });
  await sandbox.prepare(NODE);
  await sandbox.close().catch(() => {});
});
