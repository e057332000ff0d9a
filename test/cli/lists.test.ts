import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Finding } from '../../src/cli/diagnosis/finding.ts';
import { checkCgroups, checkNode, checkPlatform } from '../../src/cli/diagnosis/host.ts';
import { selfsame } from './command-line.ts';
import { scratchFolder } from './scratch-folder.ts';

test('runtimes says for each what runs it, or why nothing does', async () => {
  const { exitCode, stdout } = await selfsame(['runtimes']);
  assert.equal(exitCode, 0);
  assert.match(stdout, new RegExp(`nodejs24\\.x +yes +${process.versions.node} /`));
  assert.match(stdout, /provided\.al2023 +yes +the function brings it/);
  assert.match(stdout, /nodejs26\.x +(yes|later|no) +\S/);
});

test('runtimes --json has the interpreter of each, one configured included', async () => {
  const { stdout } = await selfsame(['runtimes', '--json', '--runtime', `nodejs22.x=${process.execPath}`]);
  const listed = JSON.parse(stdout) as { runtime: string; available: boolean; interpreter?: string }[];
  assert.deepEqual(
    listed.find(({ runtime }) => runtime === 'nodejs22.x'),
    {
      runtime: 'nodejs22.x',
      available: true,
      interpreter: process.execPath,
      version: process.versions.node,
      origin: 'configured',
    },
  );
});

test('operations counts what is implemented of each service, without a server', async () => {
  const { exitCode, stdout } = await selfsame(['operations']);
  assert.equal(exitCode, 0);
  const counts = /^lambda +(\d+) of (\d+)$/m.exec(stdout);
  assert.ok(Number(counts?.[1]) >= 14 && Number(counts?.[2]) > 60, stdout);
  assert.match(stdout, /^ec2 +0 of \d{3}$/m);
});

test('operations --service says of every operation whether it is implemented', async () => {
  const { stdout } = await selfsame(['operations', '--service', 'kms']);
  assert.match(stdout, /^CreateKey +yes$/m);
  assert.match(stdout, /^ConnectCustomKeyStore +no$/m);
  const { stdout: json } = await selfsame(['operations', '--service', 'sts', '--json']);
  assert.equal((JSON.parse(json) as Record<string, boolean>)['GetCallerIdentity'], true);
});

test('operations of a service that AWS does not have: exit code 2 and those it knows', async () => {
  const { exitCode, stderr } = await selfsame(['operations', '--service', 'lamda']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /There is no service named 'lamda'\.\nKnown are apigateway,.* lambda,/);
});

test('version names selfsame and Node.js', async () => {
  const { stdout } = await selfsame(['version', '--json']);
  assert.deepEqual(Object.keys(JSON.parse(stdout) as object), ['version', 'node']);
  assert.match((await selfsame(['version'])).stdout, /^selfsame \d+\.\d+\.\d+ \(Node\.js 2\d\.\d+\.\d+\)\n$/);
});

test('doctor finds a host that can serve in order', async (context) => {
  const folder = await scratchFolder(context);
  const args = ['doctor', '--port', '0', '--data-dir', join(folder, 'made/later'), '--json'];
  const { exitCode, stdout } = await selfsame(args);
  assert.equal(exitCode, 0, stdout);
  const findings = JSON.parse(stdout) as Finding[];
  const subjects = findings.map(({ subject }) => subject);
  const expected = [
    ...['Node.js', 'platform', 'isolation', 'cgroups', 'data directory', 'free space', 'port'],
    ...['Node.js runtimes', 'Python runtimes', 'Ruby runtimes', 'Java runtimes'],
  ];
  // Others are there where the host has what they speak of.
  assert.deepEqual(
    subjects.filter((subject) => expected.includes(subject)),
    expected,
  );
  const directory = findings.find(({ subject }) => subject === 'data directory');
  assert.equal(directory?.status, 'ok');
  assert.match(directory.finding, /made\/later, made at the first start/);
});

test('doctor: a port that something else serves fails, with a remedy and exit code 1', async (context) => {
  const taken = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  context.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { exitCode, stdout, stderr } = await selfsame(['doctor', '--port', String(port)]);
  assert.equal(exitCode, 1);
  assert.match(stdout, new RegExp(`fail +port +Port ${port} on 127\\.0\\.0\\.1 is in use`));
  assert.match(stdout, /choose another port/);
  assert.match(stderr, /Not ready: port\./);
});

test('doctor: a data directory that cannot be one fails', async (context) => {
  const folder = await scratchFolder(context, { file: '' });
  const { exitCode, stdout } = await selfsame([
    'doctor',
    '--port',
    '0',
    '--data-dir',
    join(folder, 'file/below'),
  ]);
  assert.equal(exitCode, 1);
  assert.match(stdout, /fail +data directory +\S+ cannot be used/);
});

test('doctor: an old Node.js, another platform, and what cgroups cannot limit', async () => {
  assert.equal(checkNode('22.1.0').status, 'fail');
  assert.equal(checkPlatform('darwin', 'arm64').status, 'warn');
  const none = await checkCgroups(async () => ({ available: false, reason: 'none are in view.' }));
  assert.equal(none.status, 'warn');
  assert.match(
    none.finding,
    /^Memory, CPU share and number of processes .* not limited: none are in view\.$/,
  );
  assert.match(none.remedy!, /Delegate=yes/);
  const part = await checkCgroups(async () => ({ available: true, version: 1, missing: ['CPU share'] }));
  assert.equal(part.status, 'warn');
  assert.match(part.finding, /^version 1\b.* Not limited: CPU share\.$/);
  const whole = await checkCgroups(async () => ({ available: true, version: 2, missing: [] }));
  assert.deepEqual(whole, { subject: 'cgroups', status: 'ok', finding: 'version 2' });
});
