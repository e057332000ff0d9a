/** Steps with networks of environments, in a network namespace that `network-leases.ci.ts` makes: `node network-steps.ts <step>`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlatformError } from '../../src/core/errors.ts';
import type { Log } from '../../src/ports/log.ts';
import { BLOCKS, RUNTIME_API_HOST_PORT, runtimeApiHost } from '../../src/sandbox/network/addresses.ts';
import { EnvironmentNetworks } from '../../src/sandbox/network/environment-networks.ts';
import { HostNetworks } from '../../src/sandbox/network/host-networks.ts';
import type { EnvironmentNetwork } from '../../src/sandbox/network/networks.ts';

const silent = (): void => {};
const LOG: Log = { debug: silent, info: silent, warn: silent, error: silent };

/** The first that the first server of a host gives out. */
const FIRST_HOST = runtimeApiHost(BLOCKS[0]!, 2);

interface Host {
  readonly forwards: boolean;
  readonly bridges: number;
  readonly namespaces: number;
  readonly tables: string;
}

async function host(): Promise<Host> {
  const links = execFileSync('ip', ['-json', 'link', 'show', 'type', 'bridge']).toString();
  return {
    forwards: (await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).trim() === '1',
    bridges: (JSON.parse(links || '[]') as unknown[]).length,
    namespaces: (await readdir('/run/netns')).length,
    tables: execFileSync('nft', ['list', 'tables']).toString(),
  };
}

async function listening(address: string): Promise<Server> {
  const server = createServer().listen(RUNTIME_API_HOST_PORT, address);
  await once(server, 'listening');
  return server;
}

async function end(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

/** More than are made ahead at first. */
const READY_AND_MORE = 12;

const problemOf = (rejected: Promise<unknown>): Promise<string> =>
  rejected.then(
    () => 'none',
    (error: Error) => (error instanceof PlatformError ? error.message : String(error)),
  );

const STEPS: Readonly<Record<string, () => Promise<unknown>>> = {
  async openAndClose() {
    const before = await host();
    const networks = await EnvironmentNetworks.open();
    await networks.take();
    const open = await host();
    await networks.close();
    return { before, open, after: await host(), late: await problemOf(networks.take()) };
  },

  /** Somebody listens where the first environment's runtime API would. */
  async takenAddress() {
    const server = await listening(FIRST_HOST);
    const networks = await EnvironmentNetworks.open();
    const taken = [await networks.take(), await networks.take()];
    const listeners = await Promise.all(taken.map(({ runtimeApi }) => listening(runtimeApi.host)));
    await Promise.all([server, ...listeners].map(end));
    await networks.close();
    return taken.map(({ runtimeApi }) => runtimeApi.host !== FIRST_HOST);
  },

  async takenPort() {
    const server = await listening('0.0.0.0');
    const networks = await EnvironmentNetworks.open();
    const problem = await problemOf(networks.take());
    await end(server);
    const later = await problemOf(networks.take());
    await networks.close();
    return { problem, later };
  },

  /** As many environments as there are addresses, and one more. */
  async allTaken() {
    const networks = await EnvironmentNetworks.open();
    const taken: EnvironmentNetwork[] = [];
    let problem = 'none';
    while (problem === 'none') problem = await problemOf(networks.take().then((one) => taken.push(one)));
    const [first] = taken;
    first!.release();
    const later = await problemOf(networks.take());
    await networks.close();
    return { count: taken.length, problem, later, after: await host() };
  },

  /** What makes networks is killed. */
  async killedShell() {
    const networks = await EnvironmentNetworks.open();
    await networks.take();
    const shells = (await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'latin1')).trim();
    for (const shell of shells.split(' ')) process.kill(Number(shell), 'SIGKILL');
    const problems: string[] = [];
    while (problems.length < READY_AND_MORE) problems.push(await problemOf(networks.take()));
    await networks.close();
    return { shells: shells.split(' ').length, later: problems.at(-1), after: await host() };
  },

  /** The rules of forwarding are refused. */
  async refusedForwarding() {
    const directory = await mkdtemp(join(tmpdir(), 'selfsame-refusing-'));
    const path = process.env['PATH'];
    const refusing = `#!/bin/sh
rules=$(cat)
case "$rules" in *selfsame-forwarding*) exit 1 ;; esac
echo "$rules" | PATH='${path}' nft "$@"
`;
    await writeFile(join(directory, 'nft'), refusing);
    await chmod(join(directory, 'nft'), 0o755);
    process.env['PATH'] = `${directory}:${path}`;
    const problem = await problemOf(EnvironmentNetworks.open());
    process.env['PATH'] = path;
    await rm(directory, { recursive: true });
    return { problem, after: await host() };
  },

  async die() {
    await (await EnvironmentNetworks.open()).take();
    process.kill(process.pid, 'SIGKILL');
  },

  /** A server was killed; the next one never makes a network. */
  async killed() {
    const { signal } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'die']);
    const left = await host();
    await (await HostNetworks.open(LOG)).close();
    return { signal, left: left.forwards && left.bridges === 1, after: await host() };
  },
};

console.log(JSON.stringify(await STEPS[process.argv[2]!]!()));
