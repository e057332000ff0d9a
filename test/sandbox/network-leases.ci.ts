/**
 * Networks of environments are given out and taken back, and the host's settings put back, also where something fails
 * half way. In a network namespace made for it: this host's own settings stay as they are. Needs root, ip, nft and unshare.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const STEPS = fileURLToPath(new URL('network-steps.ts', import.meta.url));

/** A new namespace begins with the settings of the first one, which another server may have changed. */
const APART = `
[ "$(readlink /proc/self/ns/net)" != "$HOST_NETWORK" ]
ip link set lo up
mkdir -p /run/netns
mount -t tmpfs none /run/netns
echo 0 >/proc/sys/net/ipv4/ip_forward
exec "$@"
`;

const UNTOUCHED = { forwards: false, bridges: 0, namespaces: 0, tables: '' };

async function step<Result>(name: string): Promise<Result> {
  const args = ['--net', '--mount', 'sh', '-e', '-c', APART, 'sh', process.execPath, STEPS, name];
  const env = { ...process.env, HOST_NETWORK: await readlink('/proc/self/ns/net') };
  const { stdout } = await run('unshare', args, { env });
  return JSON.parse(stdout) as Result;
}

test('routing is on while there are networks, and everything is put back when they are closed', async () => {
  const { before, open, after, late } =
    await step<Record<string, { forwards?: boolean; bridges?: number }>>('openAndClose');
  assert.deepEqual(before, UNTOUCHED);
  assert.deepEqual([open!.forwards, open!.bridges], [true, 1]);
  assert.deepEqual(after, UNTOUCHED);
  assert.equal(late, 'The server is closing.');
});

test('an address on which somebody listens is not given out', async () => {
  assert.deepEqual(await step('takenAddress'), [true, true]);
});

test('a port that somebody has on all of loopback is named, and used when it is free again', async () => {
  assert.deepEqual(await step('takenPort'), {
    problem: 'Port 24901 of loopback, where the runtime APIs of functions listen, is in use.',
    later: 'none',
  });
});

test('the environment for which there is no address left is refused, and has one when another has ended', async () => {
  assert.deepEqual(await step('allTaken'), {
    count: 1021,
    problem: 'All 1021 networks for functions are in use.',
    later: 'none',
    after: UNTOUCHED,
  });
});

test('networks are made on when what makes them was killed', async () => {
  assert.deepEqual(await step('killedShell'), { shells: 1, later: 'none', after: UNTOUCHED });
});

test('nothing is left of networks that cannot be opened', async () => {
  const { problem, after } = await step<{ problem: string; after: object }>('refusedForwarding');
  assert.match(problem, /^The network of functions cannot be set up: nft: /);
  assert.deepEqual(after, UNTOUCHED);
});

test('routing that a killed server had switched on is switched off by one that makes no network', async () => {
  assert.deepEqual(await step('killed'), { signal: 'SIGKILL', left: true, after: UNTOUCHED });
});
