/** Where cgroups are, read from what the kernel says of a process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHierarchies } from '../../../src/sandbox/cgroup/hierarchies.ts';

test('version 2 alone, as under systemd', () => {
  const { legacy, unified } = parseHierarchies(
    '25 24 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n',
    '0::/system.slice/selfsame.service\n',
  );
  assert.equal(legacy.size, 0);
  assert.deepEqual(unified, {
    mount: '/sys/fs/cgroup',
    own: '/sys/fs/cgroup/system.slice/selfsame.service',
  });
});

test('version 1, two controllers in one directory, with an empty version 2 beside', () => {
  const { legacy, unified } = parseHierarchies(
    [
      '30 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      '',
    ].join('\n'),
    '3:memory:/app\n2:cpu,cpuacct:/\n0::/\n',
  );
  assert.deepEqual(legacy.get('cpu'), legacy.get('cpuacct'));
  assert.deepEqual(legacy.get('cpu'), {
    mount: '/sys/fs/cgroup/cpu,cpuacct',
    own: '/sys/fs/cgroup/cpu,cpuacct',
  });
  assert.deepEqual(legacy.get('memory'), {
    mount: '/sys/fs/cgroup/memory',
    own: '/sys/fs/cgroup/memory/app',
  });
  assert.equal(unified?.mount, '/sys/fs/cgroup/unified');
});

test('a container that sees its own part of the tree, or whose group is out of sight', () => {
  const mounts = '31 24 0:27 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n';
  assert.equal(
    parseHierarchies(mounts, '3:memory:/docker/abc/inner\n').legacy.get('memory')?.own,
    '/sys/fs/cgroup/memory/inner',
  );
  assert.equal(
    parseHierarchies(mounts, '3:memory:/other\n').legacy.get('memory')?.own,
    '/sys/fs/cgroup/memory',
  );
});

test('a host without any', () => {
  assert.deepEqual(parseHierarchies('', ''), { legacy: new Map(), unified: undefined });
});
