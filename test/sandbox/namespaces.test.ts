/** What code in the namespaces of bubblewrap sees of its environment, and what it does not see. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { probeIsolation } from '../../src/sandbox/sandboxes.ts';
import { clientSettings } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { openGate } from '../lambda/invoke/gate.ts';
import { createProbe, invokeProbe } from '../lambda/invoke/probe-function.ts';

const { namespaces } = await probeIsolation();
// `npm test` uses bubblewrap where the host has it; the longer checks demand it.
if (namespaces.available) describe('namespaces', namespaceTests);
else console.log(`Namespaces are not tested: ${namespaces.reason}`);

const ASK = `
const fs = require('node:fs');
const os = require('node:os');
exports.handler = async () => ({
  user: os.userInfo(),
  directory: process.cwd(),
  mode: fs.statSync('/var/task/run.sh').mode & 0o777,
  link: fs.readlinkSync('/var/task/link.sh'),
  spawned: require('node:child_process').execFileSync('/var/task/link.sh').toString(),
  capabilities: /CapEff:\\t(\\S+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1],
  device: fs.writeFileSync('/dev/null', 'x'),
});
`;

function namespaceTests(): void {
  let platform: Platform;
  let lambda: LambdaClient;
  const ask = async <Payload>(event: unknown): Promise<Payload> =>
    (await invokeProbe<Payload>(lambda, 'probe', event)).payload;

  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error', isolation: 'namespaces' });
    lambda = new LambdaClient(clientSettings(platform));
    await createProbe(lambda, 'probe');
  });

  after(async () => {
    lambda.destroy();
    await platform.close();
  });

  test("show a function AWS's directories, and nothing of the host but its system", async () => {
    const [root, variable, task, opt, runtime, temporary] = await ask<string[][]>({
      action: 'look',
      paths: ['/', '/var', '/var/task', '/opt', '/var/runtime', '/tmp'],
    });
    const system = ['bin', 'lib', 'lib32', 'lib64', 'sbin', 'usr'];
    assert.deepEqual(
      root!.filter((name) => !system.includes(name)),
      ['dev', 'etc', 'opt', 'proc', 'tmp', 'var'],
    );
    assert.ok(variable!.includes('task') && variable!.includes('runtime'));
    assert.deepEqual(task, ['index.js']);
    assert.deepEqual(opt, []);
    assert.ok(runtime!.includes('bootstrap.cjs'));
    assert.deepEqual(temporary, []);
  });

  test('hide the data directory, the homes and the other mounts of the host', async () => {
    const paths = [
      platform.facts.dataDirectory,
      '/root',
      '/home',
      '/mnt',
      '/run',
      '/sys',
      '/var/lib',
      '/var/log',
    ];
    assert.deepEqual(
      await ask({ action: 'look', paths }),
      paths.map(() => 'ENOENT'),
    );
  });

  test('let a function write to /tmp alone', async () => {
    const readOnly = [
      '/x',
      '/var/x',
      '/var/task/x',
      '/opt/x',
      '/var/runtime/x',
      '/etc/x',
      '/usr/x',
      '/dev/x',
      '/dev/shm/x',
    ];
    assert.deepEqual(
      await ask({ action: 'write', paths: readOnly }),
      readOnly.map(() => 'EROFS'),
    );
    assert.deepEqual(await ask({ action: 'write', paths: ['/tmp/x'] }), ['written']);
  });

  test('hide all processes but its own', async () => {
    // Its own, and the one that bubblewrap leaves as the first of the namespace.
    assert.equal(await ask({ action: 'processes' }), 2);
  });

  test('give each environment a /tmp that no other sees', async () => {
    await ask({ action: 'writeTmp', text: 'mine' });
    await using gate = openGate(platform);
    const held = ask({ action: 'pass', gate: gate.name });
    await gate.arrived(1);
    assert.deepEqual(await ask({ action: 'look', paths: ['/tmp'] }), [[]]);
    await gate.open();
    await held;
  });

  test('hold /tmp to its size', async () => {
    const code = `
const fs = require('node:fs');
exports.handler = async () => {
  const megabyte = Buffer.alloc(1024 * 1024);
  const file = fs.openSync('/tmp/large', 'w');
  let megabytes = 0;
  try { for (;;) { fs.writeSync(file, megabyte); megabytes += 1; } } catch (error) { return [error.code, megabytes]; }
};`;
    const Code = { ZipFile: await zipOf({ 'index.js': code }) };
    await createProbe(lambda, 'filling', { Code, EphemeralStorage: { Size: 512 } });
    const { payload } = await invokeProbe<[string, number]>(lambda, 'filling', {});
    assert.deepEqual(payload, ['ENOSPC', 512]);
  });

  test('run code as the user of AWS, without rights, with its modes and links', async () => {
    const Code = {
      ZipFile: await zipOf({
        'index.js': ASK,
        'run.sh': { content: '#!/bin/sh\necho ran\n', mode: 0o100755 },
        'link.sh': { content: 'run.sh', mode: 0o120777 },
      }),
    };
    await createProbe(lambda, 'asking', { Code });
    const { payload } = await invokeProbe<Record<string, unknown>>(lambda, 'asking', {});
    const user = payload['user'] as Record<string, unknown>;
    assert.deepEqual([user['username'], user['uid'], user['gid']], ['sbx_user1051', 993, 990]);
    assert.equal(payload['directory'], '/var/task');
    assert.equal(payload['mode'], 0o755);
    assert.equal(payload['link'], 'run.sh');
    assert.equal(payload['spawned'], 'ran\n');
    assert.equal(payload['capabilities'], '0000000000000000');
  });
}
