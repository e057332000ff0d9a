/** Workers of a runtime for several events that the host gives no event, as where another one's init has failed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { hostInterpreters } from '../../src/sandbox/catalog/host-interpreters.ts';
import { BOOTSTRAPS_DIRECTORY } from '../../src/sandbox/runtime-files.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const REFUSAL =
  '{"errorMessage":"State transition from InitError to Ready failed","errorType":"InvalidStateTransition"}';

const python = (await hostInterpreters()).find(({ family }) => family === 'python')?.path;

/** Runs a bootstrap with two workers to its end; resolves with what they asked and what they wrote. */
async function refused(
  context: TestContext,
  command: readonly [string, string],
  file: string,
  handler: string,
): Promise<{ readonly asked: string[]; readonly output: string }> {
  const asked: string[] = [];
  const host = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    response.writeHead(403).end(REFUSAL);
  }).listen(0, '127.0.0.1');
  await once(host, 'listening');
  context.after(() => host.close());
  const taskRoot = await scratchDirectory(context);
  await writeFile(join(taskRoot, file), handler);
  const child = spawn(command[0], [join(BOOTSTRAPS_DIRECTORY, command[1])], {
    cwd: taskRoot,
    env: {
      PATH: process.env['PATH'],
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: taskRoot,
      LAMBDA_RUNTIME_DIR: BOOTSTRAPS_DIRECTORY,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(host.address() as AddressInfo).port}`,
      AWS_LAMBDA_MAX_CONCURRENCY: '2',
      AWS_LAMBDA_NODEJS_WORKER_COUNT: '2',
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  await once(child, 'close');
  return { asked, output };
}

const ASKED = new Array<string>(2).fill('GET /2018-06-01/runtime/invocation/next');

test('a thread of Node.js does not take the refusal for an event, and ends', async (context) => {
  const handler = "exports.handler = async () => { console.log('it ran'); };";
  const command = [process.execPath, 'nodejs/concurrent.cjs'] as const;
  assert.deepEqual(await refused(context, command, 'index.js', handler), { asked: ASKED, output: '' });
});

if (python !== undefined)
  test('a process of Python does not take the refusal for an event, and ends', async (context) => {
    const handler = "def handler(event, context):\n    print('it ran')\n";
    const command = [python, 'python/bootstrap.py'] as const;
    assert.deepEqual(await refused(context, command, 'index.py', handler), { asked: ASKED, output: '' });
  });
