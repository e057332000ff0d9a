/** Networks of environments: what is left of them, and of those of a server that was killed. Needs root, ip and nft. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startedPlatform } from '../kit/started-platform.ts';
import { deploy } from '../runtimes/deployed-function.ts';

const SERVER = fileURLToPath(new URL('abandoned-server.ts', import.meta.url));

/** Names of the bridges that the process with this number has made. */
function bridgesOf(pid: number): string[] {
  const output = execFileSync('ip', ['-json', 'link', 'show', 'type', 'bridge']).toString();
  const links = JSON.parse(output || '[]') as { ifname?: string; ifalias?: string }[];
  return links.filter(({ ifalias }) => ifalias?.startsWith(`selfsame ${pid} `)).map(({ ifname }) => ifname!);
}

async function namespacesOf(bridge: string): Promise<string[]> {
  return (await readdir('/run/netns').catch(() => [])).filter((name) => name.startsWith(`${bridge}-`));
}

function tables(): string {
  return execFileSync('nft', ['list', 'tables']).toString();
}

test('a server that closes leaves no bridge, no namespace and no rules', async (context) => {
  const before = bridgesOf(process.pid);
  const platform = await startedPlatform(context, { isolation: 'namespaces' });
  const echo = await deploy(platform, { 'index.js': 'exports.handler = async (event) => event;' });
  assert.equal((await echo.invoke(1)).text, '1');
  const [bridge] = bridgesOf(process.pid).filter((name) => !before.includes(name));
  assert.ok(bridge !== undefined);
  assert.notDeepEqual(await namespacesOf(bridge), []);
  await platform.close();
  assert.deepEqual(bridgesOf(process.pid), before);
  assert.deepEqual(await namespacesOf(bridge), []);
  assert.doesNotMatch(tables(), new RegExp(`inet ${bridge}$`, 'm'));
});

test('what a killed server left is removed by the next start, whatever its data directory', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-networks-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const server = spawn(process.execPath, [SERVER, 'namespaces', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  const [bridge] = bridgesOf(server.pid!);
  assert.ok(bridge !== undefined);
  server.kill('SIGKILL');
  await once(server, 'exit');
  await startedPlatform(context, { isolation: 'namespaces' });
  assert.deepEqual(bridgesOf(server.pid!), []);
  // What else it left is for the next server with its data directory.
  await startedPlatform(context, { dataDir, isolation: 'namespaces' });
});
