/**
 * A network for each environment: a network namespace with one interface, made ahead so that a start need not wait
 * (making one takes 10 ms, entering it 1 ms). It belongs to the host's user namespace: nothing inside can change it.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { PlatformError } from '../../core/errors.ts';
import { GATEWAY_ADDRESS } from '../../core/gateway-address.ts';
import {
  addressOf,
  BLOCK_PREFIX,
  BLOCK_SIZE,
  RUNTIME_API_HOST_PORT,
  RUNTIME_API_PORT,
  runtimeApiHost,
} from './addresses.ts';
import type { Bridge } from './bridge.ts';
import { createBridge, NAMESPACES_DIRECTORY, removeBridge } from './bridge.ts';
import { endpointElement, removedRuntimeApiElements, runtimeApiElements } from './filter-rules.ts';
import { allowForwarding, endForwarding } from './forwarding.ts';
import type { NameResolution } from './name-server.ts';
import { nameResolution } from './name-server.ts';
import { ip, nft, shell } from './network-commands.ts';
import type { EnvironmentNetwork, Networks } from './networks.ts';

/** So many are ready at first: as many starts at once find one. */
const READY_AT_FIRST = 4;

/** Starts that found none double the number, up to this. */
const READY_AT_MOST = 64;

/** So many are made or removed at a time; more would make the first of them wait. */
const BATCH_SIZE = 16;

/** 0 is the block's own address, 1 the bridge's; the last one is for broadcasts. */
const FIRST_INDEX = 2;
const LAST_INDEX = BLOCK_SIZE - 2;

const CLOSING = new PlatformError('The server is closing.', 'Start it again.');

const ALL_IN_USE = new PlatformError(
  `All ${LAST_INDEX - FIRST_INDEX + 1} networks for functions are in use.`,
  'Let fewer environments run at once, or start another server.',
);

const PORT_TAKEN = new PlatformError(
  `Port ${RUNTIME_API_HOST_PORT} of loopback, where the runtime APIs of functions listen, is in use.`,
  `End what listens there: \`ss --listening --tcp --processes sport = ${RUNTIME_API_HOST_PORT}\` names it.`,
);

export class EnvironmentNetworks implements Networks {
  /** `resolv.conf` as it must be inside. */
  readonly resolverConfiguration: string;
  private readonly bridge: Bridge;
  private readonly free = Array.from(
    { length: LAST_INDEX - FIRST_INDEX + 1 },
    (_, place) => FIRST_INDEX + place,
  );
  private readonly ready: number[] = [];
  private readonly waiting: PromiseWithResolvers<number>[] = [];
  private readonly ended: number[] = [];
  private readyCount = READY_AT_FIRST;
  private work: Promise<void> | undefined;
  private isClosed = false;
  private readonly endpoints = new Map<string, Promise<string>>();

  private constructor(bridge: Bridge, names: NameResolution) {
    this.bridge = bridge;
    this.resolverConfiguration = names.configuration;
  }

  /** Rejects with `PlatformError` where the host refuses. */
  static async open(): Promise<EnvironmentNetworks> {
    const names = await nameResolution();
    const bridge = await createBridge(names.resolver);
    try {
      await allowForwarding();
    } catch (error) {
      await removeBridge(bridge.name);
      await endForwarding().catch(() => {});
      throw error;
    }
    const networks = new EnvironmentNetworks(bridge, names);
    networks.refill();
    return networks;
  }

  /** Rejects with `PlatformError` when none can be made. */
  async take(): Promise<EnvironmentNetwork> {
    const index = this.ready.shift() ?? (await this.next());
    this.refill();
    const { block } = this.bridge;
    let isReleased = false;
    return {
      namespace: `${NAMESPACES_DIRECTORY}/${this.namespaceOf(index)}`,
      runtimeApi: { host: runtimeApiHost(block, index), port: RUNTIME_API_HOST_PORT },
      runtimeApiInside: `${GATEWAY_ADDRESS}:${RUNTIME_API_PORT}`,
      moveScript: this.moveScript(index),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.ended.push(index);
        this.refill();
      },
    };
  }

  /** The URL by which environments reach the server that is at `endpoint` on the host. */
  endpointInside(endpoint: string): Promise<string> {
    let inside = this.endpoints.get(endpoint);
    if (inside === undefined) {
      inside = this.passThrough(new URL(endpoint));
      this.endpoints.set(endpoint, inside);
      inside.catch(() => this.endpoints.delete(endpoint));
    }
    return inside;
  }

  /** Removes everything; nothing may run in any of them any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.work;
    this.ready.length = 0;
    this.refuse(CLOSING);
    await removeBridge(this.bridge.name);
    await endForwarding().catch(() => {});
  }

  private async passThrough({ hostname, port }: URL): Promise<string> {
    const hostPort = Number(port || '80');
    // The runtime API has this one inside.
    const insidePort = hostPort === RUNTIME_API_PORT ? RUNTIME_API_PORT + 1 : hostPort;
    // Nothing translates between IPv4 and IPv6: of a server bound to all addresses this is one, too.
    const host = /^\d+(\.\d+){3}$/.test(hostname) ? hostname : '127.0.0.1';
    await nft(endpointElement(this.bridge.name, insidePort, host, hostPort));
    return `http://${GATEWAY_ADDRESS}:${insidePort}`;
  }

  private next(): Promise<number> {
    if (this.isClosed) return Promise.reject(CLOSING);
    const next = Promise.withResolvers<number>();
    this.waiting.push(next);
    this.readyCount = Math.min(this.readyCount * 2, READY_AT_MOST);
    this.refill();
    return next.promise;
  }

  private refill(): void {
    if (this.work !== undefined || this.isClosed) return;
    this.work = this.refillNow().finally(() => {
      this.work = undefined;
    });
  }

  private async refillNow(): Promise<void> {
    while (!this.isClosed) {
      const missing = this.readyCount + this.waiting.length - this.ready.length;
      const batch = this.free.splice(0, Math.min(missing, BATCH_SIZE));
      if (batch.length > 0) {
        if (!(await this.make(batch))) return;
      } else if (this.ended.length > 0) await this.remove(this.ended.splice(0, BATCH_SIZE));
      else return this.refuse(ALL_IN_USE);
    }
  }

  /** Those who wait for a network are told why there is none. */
  private refuse(reason: unknown): void {
    for (const { reject } of this.waiting.splice(0)) reject(reason);
  }

  /** Whether any could be made. */
  private async make(batch: number[]): Promise<boolean> {
    const { block } = this.bridge;
    const isFree = await Promise.all(batch.map((index) => isListenable(runtimeApiHost(block, index))));
    const indices = batch.filter((_, place) => isFree[place]);
    // For later: whoever listens there may have gone by then.
    this.free.push(...batch.filter((_, place) => !isFree[place]));
    try {
      if (indices.length === 0) throw PORT_TAKEN;
      await shell(indices.map((index) => this.namespaceScript(index)).join(''));
      await nft(runtimeApiElements(this.bridge.name, block, indices));
    } catch (error) {
      this.refuse(error);
      // Some of them may be there.
      this.ended.push(...indices);
      return false;
    }
    for (const index of indices) {
      const waiting = this.waiting.shift();
      if (waiting === undefined) this.ready.push(index);
      else waiting.resolve(index);
    }
    return true;
  }

  private async remove(indices: number[]): Promise<void> {
    // The interface goes with its namespace, the way through to a runtime API that has ended leads nowhere.
    // One that was moved to another namespace goes when the kernel has done away with that one, which may take a while.
    await ip(
      indices.flatMap((index) => [
        `netns delete ${this.namespaceOf(index)}`,
        `link delete dev ${this.namespaceOf(index)}`,
      ]),
      ['-force'],
    ).catch(() => {});
    await nft(removedRuntimeApiElements(this.bridge.name, this.bridge.block, indices)).catch(() => {});
    this.free.push(...indices);
  }

  private namespaceOf(index: number): string {
    return `${this.bridge.name}-${index}`;
  }

  /** `isolated`: the bridge passes nothing from one environment to another. */
  private namespaceScript(index: number): string {
    const { name, block } = this.bridge;
    const namespace = this.namespaceOf(index);
    const link = `${name}-${index}`;
    return `ip -batch - <<EOF
netns add ${namespace}
link add name ${link} type veth peer name eth0 netns ${namespace}
link set dev ${link} master ${name} addrgenmode none
link set dev ${link} type bridge_slave isolated on
link set dev ${link} up
EOF
ip -n ${namespace} -batch - <<EOF
${insideCommands(block, index)}EOF
`;
  }

  private moveScript(index: number): string {
    return `ip -n ${this.namespaceOf(index)} link set dev eth0 netns "$1"
nsenter --net="$1" -- ip -batch - <<EOF
${insideCommands(this.bridge.block, index)}EOF
`;
  }
}

/** Of `ip`, in the namespace that has the interface. */
function insideCommands(block: number, index: number): string {
  return `link set dev lo up
addr add ${addressOf(block, index)}/${BLOCK_PREFIX} dev eth0
link set dev eth0 addrgenmode none up
route add default via ${addressOf(block, 1)}
`;
}

/** Whether a runtime API could listen there: somebody else's server may, or one of ours that has not ended yet. */
async function isListenable(host: string): Promise<boolean> {
  const server = createServer().listen(RUNTIME_API_HOST_PORT, host);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
