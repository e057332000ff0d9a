/** A start that fails half way gives back what it had taken: listeners, open files, directories, a network. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { PlatformError } from '../../src/core/errors.ts';
import { HostLimits } from '../../src/sandbox/cgroup/environment-limits.ts';
import { EnvironmentProcess } from '../../src/sandbox/environment/environment-process.ts';
import { RelayListener } from '../../src/sandbox/pool/pooled-environment.ts';
import { PooledStarts } from '../../src/sandbox/pool/pooled-starts.ts';
import { createSandbox, probeIsolation } from '../../src/sandbox/sandboxes.ts';
import type { Copy } from '../../src/sandbox/snapshot/forked-snapshot.ts';
import { ForkedSnapshot } from '../../src/sandbox/snapshot/forked-snapshot.ts';
import { ReadyCopies } from '../../src/sandbox/snapshot/ready-copies.ts';
import { SnapshotPlace } from '../../src/sandbox/snapshot/snapshot-place.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { NOBODY, SILENT, specBelow } from './nobody.ts';
import { listening, openDescriptors } from './open-descriptors.ts';

/** No process can be given it; read as a list of arguments, it would show the host's files inside. */
const ZERO_BYTES = 'a\0--bind\0/\0/host';

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
    const ofEnvironments = (path: string): boolean => path.startsWith(environmentsDirectory);
    assert.deepEqual((await openDescriptors()).filter(ofEnvironments), []);
    assert.ok(!(await readdir(environmentsDirectory)).includes(spec.environmentId));
    await sandbox.close();
    assert.deepEqual(await readdir(environmentsDirectory), []);
  });
}

/** A process of an environment by its type alone; `kill` is what there is to see. */
function processWith(kill: () => void): EnvironmentProcess {
  const variables = { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1' };
  return Object.assign(Object.create(EnvironmentProcess.prototype) as EnvironmentProcess, {
    variables,
    kill: async () => kill(),
    rest() {},
  });
}

const UNREACHABLE = new PlatformError('The server cannot be reached from inside.', 'Run `selfsame doctor`.');
const refuse = (): Promise<never> => Promise.reject(UNREACHABLE);

test('an environment that was started ahead ends when it cannot be given to its function', async (context) => {
  const environmentsDirectory = await scratchDirectory(context);
  let kills = 0;
  const starts = new PooledStarts({ environmentsDirectory, log: SILENT }, 1, {
    layoutOf: refuse,
    seenFromInside: refuse,
    startAhead: async (_, listener) => {
      listener.awaitsAssignment?.();
      return processWith(() => (kills += 1));
    },
  });
  const spec = specBelow(await scratchDirectory(context));
  starts.expect(spec.installation, spec);
  while (starts.size === 0) await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(starts.take(spec, NOBODY), UNREACHABLE);
  assert.equal(kills, 1);
  await starts.close();
});

test('a copy of a snapshot ends when it cannot be given to its function', async (context) => {
  const directory = await scratchDirectory(context);
  const spec = specBelow(directory);
  let ends = 0;
  const ready = new ReadyCopies<Copy>(1);
  const copy: Copy = {
    process: processWith(() => {}),
    relay: new RelayListener(() => {}),
    end: () => (ends += 1),
  };
  ready.take = () => copy;
  const snapshot = new ForkedSnapshot(
    processWith(() => {}),
    spec,
    await SnapshotPlace.make(directory, spec.installation, false),
    {
      networks: undefined,
      limits: new HostLimits(undefined),
      running: new Set(),
      ready,
      variablesOf: refuse,
    },
  );
  await assert.rejects(snapshot.restore(spec, NOBODY), UNREACHABLE);
  assert.equal(ends, 1);
});
