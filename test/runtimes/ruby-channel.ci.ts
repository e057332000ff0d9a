/** The Ruby bootstrap by itself, on the other end of its channel. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FRAME } from '../../src/sandbox/channel/frames.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const BOOTSTRAP = fileURLToPath(new URL('../../runtimes/ruby/bootstrap.rb', import.meta.url));

/** Sends `bytes` to a bootstrap that is ready, and nothing more; says how it ended and what it wrote. */
async function endAfter(
  context: TestContext,
  bytes: Buffer,
): Promise<[status: number | null, errors: string]> {
  const taskRoot = await scratchDirectory(context);
  await writeFile(join(taskRoot, 'app.rb'), 'def handler(event:, context:) = event');
  const child = spawn('ruby', [BOOTSTRAP], {
    env: { ...process.env, SELFSAME_CHANNEL_FD: '3', LAMBDA_TASK_ROOT: taskRoot, _HANDLER: 'app.handler' },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  context.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const errors = text(child.stderr!);
  const channel = child.stdio[3] as Duplex;
  const [frame] = (await once(channel, 'data')) as [Buffer];
  assert.deepEqual([...frame], [0, 0, 0, 1, FRAME.ready]);
  channel.end(bytes);
  const [status] = await ended;
  return [status, await errors];
}

test('ends without a word when the host goes in the middle of a frame', async (context) => {
  assert.deepEqual(await endAfter(context, Buffer.from([0, 0])), [0, '']);
  assert.deepEqual(await endAfter(context, Buffer.from([0, 0, 0, 9])), [0, '']);
  assert.deepEqual(await endAfter(context, Buffer.from([0, 0, 0, 9, FRAME.invoke, 0])), [0, '']);
});

test('names a frame that it does not know, and ends', async (context) => {
  const [status, errors] = await endAfter(context, Buffer.from([0, 0, 0, 1, FRAME.keepLoop]));
  assert.equal(status, 1);
  assert.match(errors, /a frame of the unknown type 3 came from the host/);
});
