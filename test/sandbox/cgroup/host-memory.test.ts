/** How much memory a server has, by the host and by the cgroups that it is in. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Hierarchy } from '../../../src/sandbox/cgroup/hierarchies.ts';
import { readHierarchies } from '../../../src/sandbox/cgroup/hierarchies.ts';
import { hostMemory } from '../../../src/sandbox/cgroup/host-memory.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const GIB = 2 ** 30;
const MEMINFO = 'MemTotal:       16777216 kB\nMemFree:  1 kB\nMemAvailable:    8388608 kB\n';

async function group(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
}

const none = new Map<string, Hierarchy>();

test('without a limit it is what the host has', async (context) => {
  const root = await scratchDirectory(context);
  await writeFile(join(root, 'meminfo'), MEMINFO);
  const own = join(root, 'unified/service');
  await group(own, { 'memory.max': 'max\n', 'memory.current': '1\n', 'memory.stat': '' });
  const memory = hostMemory(
    { legacy: none, unified: { mount: join(root, 'unified'), own } },
    join(root, 'meminfo'),
  );
  assert.deepEqual(memory.read(), { total: 16 * GIB, available: 8 * GIB });
});

test('a limit of a group that the server is in counts, less files that are given back', async (context) => {
  const root = await scratchDirectory(context);
  await writeFile(join(root, 'meminfo'), MEMINFO);
  const mount = join(root, 'unified');
  const own = join(mount, 'service/selfsame-server');
  await group(own, { 'memory.max': 'max', 'memory.current': '1', 'memory.stat': '' });
  await group(join(mount, 'service'), {
    'memory.max': String(4 * GIB),
    'memory.current': String(3 * GIB),
    'memory.stat': `anon ${2 * GIB}\ninactive_file ${GIB / 2}\n`,
  });
  const memory = hostMemory({ legacy: none, unified: { mount, own } }, join(root, 'meminfo'));
  assert.deepEqual(memory.read(), { total: 4 * GIB, available: 1.5 * GIB });
  await writeFile(join(mount, 'service/memory.current'), String(3.5 * GIB));
  assert.deepEqual(memory.read(), { total: 4 * GIB, available: GIB });
});

test('so does one of version 1, where no limit is a number that no machine has', async (context) => {
  const root = await scratchDirectory(context);
  await writeFile(join(root, 'meminfo'), MEMINFO);
  const own = join(root, 'memory');
  const files = { 'memory.usage_in_bytes': String(GIB), 'memory.stat': `total_inactive_file ${GIB / 4}\n` };
  await group(own, { ...files, 'memory.limit_in_bytes': '9223372036854771712\n' });
  const legacy = new Map([['memory', { mount: own, own }]]);
  const memory = hostMemory({ legacy, unified: undefined }, join(root, 'meminfo'));
  assert.deepEqual(memory.read(), { total: 16 * GIB, available: 8 * GIB });
  await writeFile(join(own, 'memory.limit_in_bytes'), String(GIB));
  assert.deepEqual(memory.read(), { total: GIB, available: GIB / 4 });
});

test('this host says how much it has, or is none that does', async () => {
  const reading = hostMemory(await readHierarchies()).read();
  if (process.platform !== 'linux') assert.equal(reading, undefined);
  else assert.ok(reading!.available > 0 && reading!.available <= reading!.total);
});
