/** The level *oci*: functions in containers of every OCI runtime that this host has, and what code sees there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { PlatformError } from '../../src/core/errors.ts';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { openContainerState, removeLeftContainers } from '../../src/sandbox/oci/container-state.ts';
import { probeOci } from '../../src/sandbox/oci/probe.ts';
import { createSandbox } from '../../src/sandbox/sandboxes.ts';
import { clientSettings, openPlatform, startedPlatform } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { createProbe, invokeProbe } from '../lambda/invoke/probe-function.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { testLeftovers } from './leftovers-suite.ts';
import { NOBODY, SILENT, specBelow } from './nobody.ts';

const run = promisify(execFile);

const PYTHON = `
import os
def handler(event, context):
    print('printed')
    return {'hello': event['name'], 'user': os.getuid(), 'home': os.environ.get('HOME')}
`;

const BOOTSTRAP = `#!/usr/bin/env python3
import json, os, urllib.request
api = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/invocation/'
while True:
    with urllib.request.urlopen(api + 'next') as event:
        request, body = event.headers['Lambda-Runtime-Aws-Request-Id'], json.load(event)
    answer = json.dumps({'hello': body['name'], 'user': os.getuid(), 'home': os.environ.get('HOME'), 'channel': os.path.exists('/proc/self/fd/3')}).encode()
    urllib.request.urlopen(api + request + '/response', answer).close()
`;

/** Tries what a function must not be able to do, and says what came of it. */
const TRYING = `
const fs = require('node:fs');
const { execFileSync, spawnSync } = require('node:child_process');
const tried = (action) => { try { return action() ?? 'done'; } catch (error) { return error.code ?? error.message; } };
const fetched = (url) => fetch(url).then((response) => response.status, (error) => error.cause?.code ?? error.message);
exports.handler = async ({ hostPort }) => {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const line = (name) => new RegExp(name + ':\\\\t(\\\\S+)').exec(status)[1];
  return {
    ids: [process.getuid(), process.getgid(), process.getgroups()],
    capabilities: [line('CapEff'), line('CapBnd')],
    privileges: [line('NoNewPrivs'), line('Seccomp')],
    unshare: spawnSync('unshare', ['--user', 'true']).status === 0,
    mount: spawnSync('mount', ['-t', 'tmpfs', 'none', '/tmp']).status === 0,
    rawSocket: spawnSync('python3', ['-c', 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)']).status === 0,
    descriptors: execFileSync('/bin/sh', ['-c', 'ulimit -n']).toString().trim(),
    host: ['/root', '/home', '/run', '/var/lib', '/sys/fs'].map((path) => tried(() => fs.readdirSync(path).join())),
    processes: fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length,
    server: await fetched(process.env.AWS_ENDPOINT_URL),
    loopback: await fetched('http://127.0.0.1:' + hostPort),
    interfaces: Object.keys(require('node:os').networkInterfaces()).sort(),
    tmp: tried(() => { for (;;) fs.appendFileSync('/tmp/large', Buffer.alloc(1024 * 1024)); }),
    tmpSize: fs.statSync('/tmp/large').size,
  };
};`;

const LARGE = `
const kept = [];
exports.handler = async () => {
  for (;;) {
    kept.push(Buffer.alloc(1024 * 1024, 1));
    await new Promise(setImmediate);
  }
};`;

for (const ociRuntime of ['runc', 'runsc'])
  describe(`functions in containers of ${ociRuntime}`, () => helloTests(ociRuntime));

function helloTests(ociRuntime: string): void {
  let platform: Platform;
  let lambda: LambdaClient;

  before(async () => {
    platform = await openPlatform({ isolation: 'oci', ociRuntime });
    lambda = new LambdaClient(clientSettings(platform));
  });

  after(async () => {
    lambda.destroy();
    await platform.close();
  });

  const answerOf = async (
    name: string,
    change: Partial<CreateFunctionCommandInput>,
  ): Promise<{ readonly payload: unknown; readonly log: string }> => {
    await createProbe(lambda, name, change);
    return invokeProbe(lambda, name, { name: 'world' }, { LogType: 'Tail' });
  };

  test('the platform says which program it is', () => {
    assert.equal(platform.facts.isolation, 'oci');
    assert.ok(platform.facts.isolationProgram?.startsWith(`${ociRuntime} `));
  });

  test('answer in Node.js', async () => {
    const { payload } = await answerOf('node', {});
    assert.deepEqual(payload, { name: 'world' });
  });

  test('answer in Python, with what they print in their log', async () => {
    const { payload, log } = await answerOf('python', {
      Runtime: 'python3.11',
      Code: { ZipFile: await zipOf({ 'index.py': PYTHON }) },
    });
    assert.deepEqual(payload, { hello: 'world', user: 993, home: null });
    assert.match(log, /^printed$/m);
  });

  test('answer in a runtime of their own, over the HTTP runtime API', async () => {
    const bootstrap = { content: BOOTSTRAP, mode: 0o100755 };
    const { payload } = await answerOf('custom', {
      Runtime: 'provided.al2023',
      Code: { ZipFile: await zipOf({ bootstrap }) },
    });
    assert.deepEqual(payload, { hello: 'world', user: 993, home: null, channel: false });
  });
}

describe('code in a container of runc', () => {
  test("has AWS's user, no rights, a network and a /tmp of its own", async (context) => {
    const platform = await startedPlatform(context, { isolation: 'oci', ociRuntime: 'runc' });
    const lambda = new LambdaClient(clientSettings(platform));
    context.after(() => lambda.destroy());
    const Code = { ZipFile: await zipOf({ 'index.js': TRYING }) };
    await createProbe(lambda, 'trying', { Code, EphemeralStorage: { Size: 512 } });
    const hostPort = new URL(platform.origin).port;
    const { payload } = await invokeProbe<Record<string, unknown>>(lambda, 'trying', { hostPort });
    const { server, ...rest } = payload;
    assert.equal(typeof server, 'number');
    assert.deepEqual(rest, {
      ids: [993, 990, [990]],
      capabilities: ['0000000000000000', '0000000000000000'],
      privileges: ['1', '2'],
      unshare: false,
      mount: false,
      rawSocket: false,
      descriptors: '1024',
      host: ['ENOENT', 'ENOENT', 'ENOENT', 'ENOENT', 'ENOENT'],
      processes: 2,
      loopback: 'ECONNREFUSED',
      interfaces: ['eth0', 'lo'],
      tmp: 'ENOSPC',
      tmpSize: 512 * 1024 * 1024,
    });
  });
});

test('a function that takes more than its memory ends, with the words of AWS', async (context) => {
  const platform = await startedPlatform(context, { isolation: 'oci', ociRuntime: 'runc' });
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  await createProbe(lambda, 'large', {
    MemorySize: 128,
    Code: { ZipFile: await zipOf({ 'index.js': LARGE }) },
  });
  const { functionError, log } = await invokeProbe(lambda, 'large', {}, { LogType: 'Tail' });
  assert.equal(functionError, 'Unhandled');
  assert.match(log, /Memory Size: 128 MB\tMax Memory Used: 128 MB\t.*Error Type: Runtime.OutOfMemory/);
});

describe('an OCI runtime that cannot be used', () => {
  test('keeps a server that demands it from starting, with the reason', async () => {
    await assert.rejects(start({ port: 0, dataDir: 'temporary', isolation: 'oci', ociRuntime: 'no-such' }), {
      message: "The isolation level 'oci' cannot be had: no-such is no OCI runtime that can be run here.",
    });
  });

  test('is refused in its own words: crun on a host with both versions of cgroups', async () => {
    const { stdout } = await run('grep', ['-c', '^cgroup2\\? ', '/proc/mounts']).catch(() => ({
      stdout: '0',
    }));
    const probe = await probeOci('crun');
    if (probe.available) return assert.equal(probe.runtime.name, 'crun');
    assert.ok(Number(stdout) > 1, 'a host with one version of cgroups alone runs crun');
    assert.match(probe.reason, /^crun \S+ cannot run a container here: cgroups in hybrid mode not supported/);
    await assert.rejects(
      start({ port: 0, dataDir: 'temporary', isolation: 'oci', ociRuntime: 'crun' }),
      PlatformError,
    );
  });
});

test('containers of an OCI runtime that is no longer there keep the next server from starting, with a remedy', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-containers-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  assert.equal(await removeLeftContainers(directory), 0);
  // A server that was killed as it wrote the record had no containers yet.
  await writeFile(join(directory, 'oci-runtime.json'), '{"path":');
  assert.equal(await removeLeftContainers(directory), 0);
  const runtime = { path: '/no/such/runc', name: 'runc', version: '1', channel: 'preserved' } as const;
  await openContainerState(directory, {
    ...runtime,
    globalArguments: [],
    passesMorePipes: true,
    showsLaterFiles: true,
    saysErrors: true,
  });
  await assert.rejects(removeLeftContainers(directory), (error) => {
    assert.ok(error instanceof PlatformError);
    assert.match(error.message, /containers of \/no\/such\/runc cannot be ended: .*ENOENT/);
    return error.remedy.includes(join(directory, 'oci-runtime.json'));
  });
});

test('where only the server may enter the directory of environments they start, and again under the same id', async (context) => {
  const warnings: string[] = [];
  const sandbox = await createSandbox('oci', {
    environmentsDirectory: await scratchDirectory(context),
    runtimesDirectory: await scratchDirectory(context),
    ociRuntime: 'runc',
    log: { ...SILENT, warn: (_, message) => warnings.push(message) },
  });
  context.after(() => sandbox.close());
  const codeDirectory = await scratchDirectory(context);
  // Else its own user could not read it, and there would be none.
  await chmod(codeDirectory, 0o755);
  await writeFile(join(codeDirectory, 'index.js'), 'exports.handler = async () => 1;');
  const spec = specBelow(codeDirectory, { variables: { _HANDLER: 'index.handler' } });
  for (let start = 0; start < 2; start += 1) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const environment = await sandbox.start(spec, {
      ...NOBODY,
      ready: resolve,
      exit: (exit) => reject(new Error(`it ended: ${JSON.stringify(exit)}`)),
    });
    await promise;
    await environment.kill();
  }
  assert.deepEqual(warnings, []);
});

test('after kill -9 of the server the next one ends its containers and works on', (context) =>
  testLeftovers(context, 'oci'));
