import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSandbox } from '../../src/sandbox/sandboxes.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { NOBODY, NODE, SILENT, specBelow } from './nobody.ts';

for (const level of ['process', 'namespaces'] as const) {
  test(`at the level ${level} a runtime is made ready ahead, and what was made goes with the sandbox`, async (context) => {
    const environmentsDirectory = await scratchDirectory(context);
    const runtimesDirectory = await scratchDirectory(context);
    const open = () => createSandbox(level, { environmentsDirectory, runtimesDirectory, log: SILENT });
    const sandbox = await open();
    await sandbox.prepare(NODE);
    if (level === 'process') assert.deepEqual(await readdir(runtimesDirectory), ['node-packages']);
    else {
      const shared = (await readdir(environmentsDirectory)).find((name) => name.startsWith('shared-'))!;
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

for (const level of ['process', 'namespaces'] as const) {
  test(`at the level ${level} a problem is told by the start, not by the preparation, and can be mended`, async (context) => {
    const directory = await scratchDirectory(context);
    // Each level keeps what runtimes share in another of the two: neither can be made below a file.
    const blocked = join(directory, 'blocked');
    await writeFile(blocked, '');
    const environmentsDirectory = join(blocked, 'environments');
    const runtimesDirectory = join(blocked, 'runtimes');
    const sandbox = await createSandbox(level, { environmentsDirectory, runtimesDirectory, log: SILENT });
    context.after(() => sandbox.close());
    await sandbox.prepare(NODE);
    await assert.rejects(sandbox.start(specBelow(directory), NOBODY), /blocked/);
    await rm(blocked);
    await mkdir(environmentsDirectory, { recursive: true });
    await sandbox.prepare(NODE);
    const made = level === 'process' ? runtimesDirectory : environmentsDirectory;
    assert.equal((await readdir(made)).length, 1);
  });
}
