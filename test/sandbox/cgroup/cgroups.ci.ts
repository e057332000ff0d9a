/** Control groups of this host, which the longer checks demand: made, entered, frozen, counted, and gone in the end. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Log } from '../../../src/ports/log.ts';
import type { Cgroup, CgroupParent } from '../../../src/sandbox/cgroup/cgroup.ts';
import { openCgroups, probeCgroups } from '../../../src/sandbox/cgroup/host-cgroups.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { invokeProbe } from '../../lambda/invoke/probe-function.ts';

const SERVER = fileURLToPath(new URL('../abandoned-server.ts', import.meta.url));
const LIMITS = { memoryBytes: 64 << 20, cpus: 0.5, processes: 8 };

function silentLog(said: string[] = []): Log {
  const note = (_: object, message: string): void => void said.push(message);
  return { debug: note, info: note, warn: note, error: note };
}

async function scratch(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-cgroups-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function opened(context: TestContext): Promise<CgroupParent> {
  const parent = await openCgroups(await scratch(context), silentLog());
  assert.ok(parent !== undefined, 'the longer checks need cgroups that can be written');
  context.after(() => parent.close());
  return parent;
}

/** A shell in the group that runs `script`. */
function shellIn(cgroup: Cgroup, script: string): ChildProcess {
  const enter = cgroup.entrances.map((file) => `echo 0 >${file}`).join(' && ');
  return spawn('/bin/sh', ['-c', `${enter} && ${script}`], { stdio: ['pipe', 'pipe', 'ignore'] });
}

test('a host says what it can enforce', async () => {
  const probe = await probeCgroups();
  assert.ok(probe.available);
  assert.deepEqual(probe.missing, []);
});

test('what is frozen does not run, goes on when thawed, and ends with the cgroup while frozen', async (context) => {
  const cgroup = (await opened(context)).create('frozen', LIMITS);
  // In a session and process group of its own, where signals to the group do not reach.
  const shell = shellIn(cgroup, "exec setsid sh -c 'while read line; do echo $line; done'");
  const said = async (text: string): Promise<string> => {
    const answer = once(shell.stdout!, 'data');
    shell.stdin!.write(`${text}\n`);
    return String((await answer)[0]);
  };
  assert.equal(await said('one'), 'one\n');
  assert.ok(cgroup.freeze());
  let isAnswered = false;
  const answer = said('two').finally(() => (isAnswered = true));
  // A process that runs at all answers within this.
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(!isAnswered);
  cgroup.thaw();
  assert.equal(await answer, 'two\n');
  cgroup.freeze();
  const exit = once(shell, 'exit');
  await cgroup.remove();
  assert.deepEqual(await exit, [null, 'SIGKILL']);
  for (const file of cgroup.entrances) assert.ok(!existsSync(dirname(file)));
});

test('the memory of a group has an end, and the kernel counts whom it ended', async (context) => {
  const cgroup = (await opened(context)).create('memory', LIMITS);
  assert.equal(cgroup.outOfMemoryKills(), 0);
  const hog = shellIn(
    cgroup,
    `exec ${process.execPath} -e "for (const k = [];;) k.push(Buffer.alloc(1 << 20, 1))"`,
  );
  assert.deepEqual(await once(hog, 'exit'), [null, 'SIGKILL']);
  assert.equal(cgroup.outOfMemoryKills(), 1);
});

test('of a cgroup whose limits the kernel refuses nothing is left', async (context) => {
  const directory = await scratch(context);
  const parent = (await openCgroups(directory, silentLog()))!;
  context.after(() => parent.close());
  assert.throws(() => parent.create('refused', { ...LIMITS, processes: -1 }), { code: 'EINVAL' });
  for (const path of (await readFile(join(directory, 'cgroups'), 'utf8')).split('\n'))
    assert.ok(!existsSync(join(path, 'refused')), path);
});

test('a server that closes leaves no cgroup, whatever is in it', async (context) => {
  const directory = await scratch(context);
  const parent = (await openCgroups(directory, silentLog()))!;
  const cgroup = parent.create('left', LIMITS);
  const shell = shellIn(cgroup, 'exec sleep 1000');
  const exit = once(shell, 'exit');
  const made = (await readFile(join(directory, 'cgroups'), 'utf8')).split('\n');
  assert.ok(made.every((path) => existsSync(path)));
  await parent.close();
  await exit;
  assert.ok(made.every((path) => !existsSync(path)));
});

for (const isolation of ['process', 'namespaces'] as const) {
  test(`after kill -9 of a server at ${isolation} the next one removes its cgroups, with frozen environments in them`, async (context) => {
    const dataDir = await scratch(context);
    const server = spawn(process.execPath, [SERVER, isolation, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    context.after(() => server.kill('SIGKILL'));
    await once(server.stdout, 'data');
    const record = join(dataDir, 'environments', 'cgroups');
    const made = (await readFile(record, 'utf8')).split('\n');
    assert.ok(made.length > 0 && made.every((path) => existsSync(path)));
    // The idle environment is frozen after a moment.
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.kill('SIGKILL');
    await once(server, 'exit');
    assert.ok(made.every((path) => existsSync(path)));

    const platform = await startedPlatform(context, { dataDir, isolation });
    assert.ok(made.every((path) => !existsSync(path)));
    const lambda = new LambdaClient(clientSettings(platform));
    context.after(() => lambda.destroy());
    assert.equal((await invokeProbe(lambda, 'abandoned', { action: 'count' })).payload, 1);
  });
}

test('a host without cgroups says so in the log, and a server starts', async (context) => {
  const said: string[] = [];
  const nothing = { legacy: new Map(), unified: undefined };
  assert.equal(await openCgroups(await scratch(context), silentLog(said), nothing), undefined);
  assert.match(said.join(), /not limited: this host has no cgroups in view/);
});
