/** Lambda's figures as limits of a cgroup, and processor time in Init and after. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EnvironmentSpec } from '../../../src/ports/environment.ts';
import type { Cgroup, CgroupLimits, CgroupParent } from '../../../src/sandbox/cgroup/cgroup.ts';
import { cpusOf, HostLimits } from '../../../src/sandbox/cgroup/environment-limits.ts';

const MB = 1024 * 1024;

class RecordingParent implements CgroupParent {
  readonly version = 2;
  readonly missing = [];
  readonly created: CgroupLimits[] = [];
  readonly cpus: number[] = [];
  looks = 0;

  create(_name: string, limits: CgroupLimits): Cgroup {
    this.created.push(limits);
    return {
      entrances: ['/one/cgroup.procs'],
      setCpus: (cpus) => this.cpus.push(cpus),
      memoryUsage: () => {
        this.looks += 1;
        return 0;
      },
      allocatedMemory: () => 0,
      residentMemory: () => 0,
      outOfMemoryKills: () => 0,
      freeze: () => true,
      thaw: () => {},
      kill: () => {},
      remove: async () => {},
    };
  }

  async close(): Promise<void> {}
}

function spec(memoryMb: number): EnvironmentSpec {
  return {
    environmentId: '0'.repeat(32),
    installation: { runtime: 'provided.al2023', family: 'provided', directories: [], origin: 'test' },
    codeDirectory: '/code',
    handler: 'x',
    variables: {},
    endpoint: 'http://127.0.0.1:4566',
    memoryMb,
    ephemeralStorageMb: 512,
    logFormat: 'text',
  };
}

test('a function has its part of a processor below 1,769 MB and whole ones above, six at most', () => {
  assert.equal(cpusOf(128), 128 / 1_769);
  assert.deepEqual([1_769, 1_770, 3_538, 10_240].map(cpusOf), [1, 2, 2, 6]);
});

test('Init has a whole processor whatever the memory; the share comes after it', () => {
  const parent = new RecordingParent();
  const limits = new HostLimits(parent).of(spec(128), {
    isTmpInMemory: false,
    ownProcesses: 2,
    isAhead: false,
  });
  const { args } = limits.enter('/bin/true', ['x']);
  assert.deepEqual(args.slice(-4), ['/one/cgroup.procs', '--', '/bin/true', 'x']);
  assert.deepEqual(parent.created, [{ memoryBytes: (128 + 16) * MB, cpus: 1, processes: 1_026 }]);
  assert.deepEqual(parent.cpus, []);
  limits.initDone();
  assert.deepEqual(parent.cpus, [128 / 1_769]);
});

test('memory is looked at while an environment is at work, and not while it rests', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const parent = new RecordingParent();
  const share = { isTmpInMemory: false, ownProcesses: 0, isAhead: false };
  const limits = new HostLimits(parent).of(spec(128), share);
  limits.enter('/bin/true', []);
  limits.began(process.pid, () => assert.fail('it has all the memory it needs'));
  const looksIn = (ms: number): number => {
    const before = parent.looks;
    context.mock.timers.tick(ms);
    return parent.looks - before;
  };
  assert.ok(looksIn(1_000) > 0);
  limits.rest();
  assert.equal(looksIn(1_000), 0);
  limits.atWork();
  assert.ok(looksIn(1_000) > 0);
});

test('what /tmp may hold is added where it is in memory', () => {
  const parent = new RecordingParent();
  new HostLimits(parent)
    .of(spec(128), { isTmpInMemory: true, ownProcesses: 0, isAhead: false })
    .enter('/bin/true', []);
  assert.equal(parent.created[0]?.memoryBytes, (128 + 512 + 16) * MB);
});
