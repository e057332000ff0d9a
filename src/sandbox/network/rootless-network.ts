/**
 * A network namespace that a server without rights has made: a shell holds it, slirp4netns carries its packets to the
 * outside as this user's own connections, and the server listens inside. All of it ends with the server.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { PlatformError } from '../../core/errors.ts';
import { GATEWAY_ADDRESS } from '../../core/gateway-address.ts';
import { LINK_LOCAL, RUNTIME_API_PORT } from './addresses.ts';
import type { RootlessPrograms } from './rootless-probe.ts';

/** Where the server is reached from inside. */
export const ENDPOINT_PORT = 4_566;

const LISTENER = fileURLToPath(new URL(`inside-listener${extname(import.meta.url)}`, import.meta.url));

/** Larger than a usual network's, which saves copies: the least that slirp4netns's manual recommends for throughput. */
const MTU = 65_520;

/**
 * The addresses of this host lead nowhere: to slirp4netns they are like any other outside, and servers listen there. The
 * same with link-local ones, where a cloud has instance metadata.
 */
const HOLD = `
ip link set lo up
ip addr add ${GATEWAY_ADDRESS}/32 dev lo
ip route add unreachable ${LINK_LOCAL}
echo ready
while read -r addresses; do
  for address in $addresses; do ip route replace unreachable "$address"; done
  echo closed
done`;

export class RootlessNetwork {
  readonly pid: number;
  private readonly holder: ChildProcess;
  private readonly closedOff = new Set<string>();
  /** For the runtime API, from which nothing has been accepted yet. */
  readonly runtimeApi: Server;
  private readonly endpoint: Server;
  private readonly children: readonly ChildProcess[];

  private constructor(holder: ChildProcess, slirp: ChildProcess, runtimeApi: Server, endpoint: Server) {
    this.pid = holder.pid!;
    this.holder = holder;
    this.children = [slirp, holder];
    this.runtimeApi = runtimeApi;
    this.endpoint = endpoint;
  }

  /** `target` gives where the server listens on the host when a connection to it comes. */
  static async make(programs: RootlessPrograms, target: () => URL): Promise<RootlessNetwork> {
    const started: ChildProcess[] = [];
    let servers: readonly Server[] = [];
    try {
      const user = ['--user', '--map-root-user', '--net'];
      // In groups of their own: what runs inside has its network until the server ends, whose Ctrl+C is not theirs.
      const holder = spawn('unshare', [...user, 'sh', '-e', '-c', HOLD], { detached: true });
      started.push(holder);
      await said(holder, holder.stdout);
      const inUser = ['--preserve-credentials', `--user=/proc/${holder.pid}/ns/user`];
      const namespace = `/proc/${holder.pid}/ns/net`;
      const slirp = spawn(programs.nsenter, [...inUser, '--', programs.slirp, ...slirpArguments(namespace)], {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
      });
      started.unshift(slirp);
      await said(slirp, slirp.stdio[READY_DESCRIPTOR] as Readable);
      const inside = [...inUser, `--net=${namespace}`, '--', process.execPath, LISTENER, GATEWAY_ADDRESS];
      const [runtimeApi, endpoint] = await listening(programs.nsenter, inside);
      servers = [runtimeApi, endpoint];
      endpoint.on('connection', (socket) => {
        const { hostname, port } = target();
        const upstream = connect(Number(port || '80'), hostname);
        socket.pipe(upstream).pipe(socket);
        socket.on('error', () => upstream.destroy());
        upstream.on('error', () => socket.destroy());
        socket.once('close', () => upstream.destroy());
        upstream.once('close', () => socket.destroy());
      });
      endpoint.unref();
      const network = new RootlessNetwork(holder, slirp, runtimeApi, endpoint);
      await network.closeOffHost();
      return network;
    } catch (error) {
      for (const server of servers) server.close();
      await ended(started);
      throw error;
    }
  }

  /** Closes the way to addresses that this host has now; to be called before anything runs inside. */
  async closeOffHost(): Promise<void> {
    const addresses = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      // Loopback is the namespace's own inside; servers may have other addresses on that interface, too.
      .filter(({ address, family }) => family === 'IPv4' && !address.startsWith('127.'))
      .map(({ address }) => address)
      .filter((address) => !this.closedOff.has(address));
    if (addresses.length === 0) return;
    for (const address of addresses) this.closedOff.add(address);
    this.holder.stdin!.write(`${addresses.join(' ')}\n`);
    await said(this.holder, this.holder.stdout!);
  }

  async close(): Promise<void> {
    this.runtimeApi.close();
    this.endpoint.close();
    await ended(this.children);
  }
}

/** In slirp4netns: it writes to the first when it is ready, and ends when the second is closed. */
const READY_DESCRIPTOR = 3;
const EXIT_DESCRIPTOR = 4;

function slirpArguments(namespace: string): string[] {
  return [
    '--configure',
    `--mtu=${MTU}`,
    '--disable-host-loopback',
    '--enable-sandbox',
    '--enable-seccomp',
    `--ready-fd=${READY_DESCRIPTOR}`,
    `--exit-fd=${EXIT_DESCRIPTOR}`,
    '--netns-type=path',
    namespace,
    'tap0',
  ];
}

/** The sockets, listening in the namespace that `args` of `nsenter` lead to. */
async function listening(nsenter: string, args: readonly string[]): Promise<[Server, Server]> {
  const ports = [RUNTIME_API_PORT, ENDPOINT_PORT].map(String);
  const child = spawn(nsenter, [...args, ...ports], { stdio: ['pipe', 'ignore', 'pipe', 'ipc'] });
  const servers: Server[] = [];
  child.on('message', (_, server) => servers.push(server as Server));
  try {
    await whenEnded(child);
    const [runtimeApi, endpoint] = servers;
    if (runtimeApi === undefined || endpoint === undefined) throw failure('Nothing listens inside.');
    return [runtimeApi, endpoint];
  } catch (error) {
    // One of them keeps the namespace.
    for (const server of servers) server.close();
    throw error;
  }
}

/** Resolves when the process has written something. */
async function said(child: ChildProcess, output: Readable): Promise<void> {
  const errors = collected(child);
  const end = new AbortController();
  try {
    await Promise.race([
      once(output, 'data', { signal: end.signal }),
      once(child, 'close', { signal: end.signal }).then(() => {
        throw failure(errors());
      }),
    ]);
  } catch (error) {
    throw error instanceof PlatformError ? error : failure((error as Error).message);
  } finally {
    end.abort();
  }
}

async function whenEnded(child: ChildProcess): Promise<void> {
  const errors = collected(child);
  const [code] = (await once(child, 'close').catch((error: Error) => {
    throw failure(error.message);
  })) as [number | null];
  if (code !== 0) throw failure(errors());
}

function collected(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text.trim().split('\n').at(-1) ?? '';
}

async function ended(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
}

function failure(reason: string): PlatformError {
  return new PlatformError(
    `The network of functions cannot be set up without root: ${reason}`,
    'Run `selfsame doctor`.',
  );
}
