/** What a server that was killed leaves behind at a level, and what the next one makes of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { processesOf } from '../lambda/invoke/host-processes.ts';
import { invokeProbe } from '../lambda/invoke/probe-function.ts';

const SERVER = fileURLToPath(new URL('abandoned-server.ts', import.meta.url));

/** Kills a server with a busy and an idle environment, starts the next, and looks at what is left. */
export async function testLeftovers(context: TestContext, level: IsolationLevel): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-leftovers-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const server = spawn(process.execPath, [SERVER, level, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([once(server.stdout, 'data'), once(server, 'exit')])) as [unknown];
  assert.ok(line instanceof Buffer, `the server ended with ${line}`);
  const { origin, payload } = JSON.parse(line.toString()) as { origin: string; payload: unknown };
  assert.deepEqual(payload, { action: 'echo', value: 'alive' });
  assert.notDeepEqual(await processesOf(origin, 'abandoned'), []);
  server.kill('SIGKILL');
  await once(server, 'exit');

  const platform = await startedPlatform(context, { dataDir, isolation: level });
  while ((await processesOf(origin, 'abandoned')).length > 0)
    await new Promise((resolve) => setImmediate(resolve));
  const entries = await readdir(join(dataDir, 'environments'), { withFileTypes: true });
  assert.deepEqual(
    entries.filter((entry) => entry.isDirectory()).map(({ name }) => name),
    [],
  );
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  assert.equal((await invokeProbe(lambda, 'abandoned', { action: 'count' })).payload, 1);
}
