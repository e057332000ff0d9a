/** What a server that was killed leaves behind, and what the next one makes of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import { probeIsolation } from '../../src/sandbox/sandboxes.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { processesOf } from '../lambda/invoke/host-processes.ts';
import { invokeProbe } from '../lambda/invoke/probe-function.ts';

const SERVER = fileURLToPath(new URL('abandoned-server.ts', import.meta.url));

const { namespaces } = await probeIsolation();
const LEVELS: readonly IsolationLevel[] = namespaces.available ? ['process', 'namespaces'] : ['process'];

describe('after kill -9 of the server', () => {
  for (const level of LEVELS) {
    test(`the next one ends its environments at ${level} and works on`, async (context) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-leftovers-'));
      context.after(() => rm(dataDir, { recursive: true, force: true }));
      const server = spawn(process.execPath, [SERVER, level, dataDir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(server.stdout, 'data')) as [Buffer];
      const { origin, payload } = JSON.parse(line.toString()) as { origin: string; payload: unknown };
      assert.deepEqual(payload, { action: 'echo', value: 'alive' });
      assert.notDeepEqual(await processesOf(origin, 'abandoned'), []);
      server.kill('SIGKILL');
      await once(server, 'exit');

      const platform = await startedPlatform(context, { dataDir, isolation: level });
      while ((await processesOf(origin, 'abandoned')).length > 0)
        await new Promise((resolve) => setImmediate(resolve));
      const directories = await readdir(join(dataDir, 'environments'));
      assert.deepEqual(directories, []);
      const lambda = new LambdaClient(clientSettings(platform));
      context.after(() => lambda.destroy());
      assert.equal((await invokeProbe(lambda, 'abandoned', { action: 'count' })).payload, 1);
    });
  }
});
