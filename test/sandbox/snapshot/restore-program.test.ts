/** The host's half of a restore, against somebody who is no snapshot. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { BOOTSTRAPS_DIRECTORY } from '../../../src/sandbox/runtime-files.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { hostProblem, hostPython } from './snapshot-host.ts';

const problem = await hostProblem();
if (problem === undefined) test('a process that does not descend from the sandbox is given nothing', refusal);
else console.log(`Restoring is not tested: ${problem}`);

async function refusal(context: TestContext): Promise<void> {
  const path = join(await scratchDirectory(context), 'socket');
  // The byte is of this process, which is not below the one that is named.
  const server = createServer((socket) => socket.once('data', () => socket.end('.'))).listen(path);
  context.after(() => server.close());
  await once(server, 'listening');
  const program = join(BOOTSTRAPS_DIRECTORY, 'snapshot', 'restore.py');
  const stranger = spawn('sleep', ['1000']);
  context.after(() => stranger.kill());
  const child = spawn(
    (await hostPython())!.interpreter!,
    ['-I', '-S', program, path, String(stranger.pid), '1048576', ''],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] },
  );
  (child.stdio[4] as Writable).end('\n\n{}');
  const [errors, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
  assert.equal(code, 1);
  assert.match(errors, /a process that is not the snapshot's has answered/);
}
