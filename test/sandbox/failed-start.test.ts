/** A start that fails half way gives back what it had taken: listeners, directories, a network. */
import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { test } from 'node:test';
import { PlatformError } from '../../src/core/errors.ts';
import { createSandbox, probeIsolation } from '../../src/sandbox/sandboxes.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { NOBODY, SILENT, specBelow } from './nobody.ts';

/** No process can be given it; read as a list of arguments, it would show the host's files inside. */
const ZERO_BYTES = 'a\0--bind\0/\0/host';

/** Sockets of this process on which it listens. */
async function listening(): Promise<number> {
  const sockets = (await readFile('/proc/net/tcp', 'latin1'))
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    // 0A: listening. Source: the kernel's include/net/tcp_states.h.
    .filter(([, , , state]) => state === '0A')
    .map(([, , , , , , , , , inode]) => `socket:[${inode}]`);
  const descriptors = await readdir('/proc/self/fd');
  const own = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return own.filter((target) => sockets.includes(target)).length;
}

const { namespaces } = await probeIsolation();

for (const level of namespaces.available ? (['process', 'namespaces'] as const) : (['process'] as const)) {
  test(`at the level ${level} a variable with a zero byte is refused, and nothing is left of the start`, async (context) => {
    const environmentsDirectory = await scratchDirectory(context);
    const runtimesDirectory = await scratchDirectory(context);
    const sandbox = await createSandbox(level, { environmentsDirectory, runtimesDirectory, log: SILENT });
    const spec = specBelow(await scratchDirectory(context), { variables: { BROKEN: ZERO_BYTES } });
    const before = await listening();
    for (let attempt = 0; attempt < 3; attempt += 1)
      await assert.rejects(sandbox.start(spec, NOBODY), PlatformError);
    assert.equal(await listening(), before);
    assert.ok(!(await readdir(environmentsDirectory)).includes(spec.environmentId));
    await sandbox.close();
    assert.deepEqual(await readdir(environmentsDirectory), []);
  });
}
