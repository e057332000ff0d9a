/** What is written to a cgroup of version 2, into a directory that stands for it; the kernel's part is not here. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { V2Parent } from '../../../src/sandbox/cgroup/version-2.ts';

const LIMITS = { memoryBytes: 1 << 27, cpus: 0.25, processes: 1_024 };

async function scratch(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-version-2-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('limits are written as the kernel reads them', async (context) => {
  const parent = await scratch(context);
  const cgroup = new V2Parent(parent, ['memory', 'cpu', 'pids'], []).create('one', LIMITS);
  const written = (file: string): Promise<string> => readFile(join(parent, 'one', file), 'utf8');
  assert.equal(await written('memory.max'), '134217728');
  assert.equal(await written('pids.max'), '1024');
  assert.equal(await written('cpu.max'), '5000 20000');
  cgroup.setCpus(6);
  assert.equal(await written('cpu.max'), '120000 20000');
  // The kernel takes no quota below a millisecond.
  cgroup.setCpus(0.01);
  assert.equal(await written('cpu.max'), '1000 20000');
  assert.deepEqual(cgroup.entrances, [join(parent, 'one', 'cgroup.procs')]);
  assert.ok(cgroup.freeze());
  assert.equal(await written('cgroup.freeze'), '1');
  cgroup.thaw();
  assert.equal(await written('cgroup.freeze'), '0');
});

test('figures are read from the files of the kernel', async (context) => {
  const parent = await scratch(context);
  const cgroup = new V2Parent(parent, ['memory'], []).create('one', LIMITS);
  const file = (name: string, text: string): Promise<void> => writeFile(join(parent, 'one', name), text);
  await file('memory.current', '5000\n');
  await file('memory.stat', 'anon 1000\nfile 3000\nfile_mapped 400\nshmem 9\n');
  await file('memory.events', 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n');
  assert.equal(cgroup.memoryUsage(), 5_000);
  assert.equal(cgroup.allocatedMemory(), 1_000);
  assert.equal(cgroup.residentMemory(), 1_400);
  assert.equal(cgroup.outOfMemoryKills(), 1);
});

test('without a controller nothing of it is written or counted', async (context) => {
  const parent = await scratch(context);
  const cgroup = new V2Parent(parent, [], ['memory', 'CPU share']).create('one', LIMITS);
  cgroup.setCpus(1);
  assert.deepEqual([cgroup.memoryUsage(), cgroup.residentMemory(), cgroup.outOfMemoryKills()], [0, 0, 0]);
  await assert.rejects(readFile(join(parent, 'one', 'cpu.max')), /ENOENT/);
});
