/**
 * A network for each environment: a network namespace with one interface, made ahead so that a start need not wait
 * (making one takes 10 ms, entering it 1 ms). It belongs to the host's user namespace: nothing inside can change it.
 */
import { PlatformError } from '../../core/errors.ts';
import { GATEWAY_ADDRESS } from '../../core/gateway-address.ts';
import { BLOCK_SIZE, RUNTIME_API_HOST_PORT, RUNTIME_API_PORT, runtimeApiHost } from './addresses.ts';
import type { Bridge } from './bridge.ts';
import { createBridge, NAMESPACES_DIRECTORY, removeBridge } from './bridge.ts';
import { endpointElement } from './filter-rules.ts';
import { allowForwarding, endForwarding } from './forwarding.ts';
import type { NameResolution } from './name-server.ts';
import { nameResolution } from './name-server.ts';
import { nft } from './network-commands.ts';
import { NetworkMaker } from './network-maker.ts';
import type { EnvironmentNetwork, Networks } from './networks.ts';

/** So many are ready at first: as many starts at once find one. */
const READY_AT_FIRST = 4;

/** Starts that found none double the number, up to this. */
const READY_AT_MOST = 64;

/** So many are made or removed at a time; more would make the first of them wait. */
const BATCH_SIZE = 16;

/** With fewer than so many ready, others are made even while environments start. */
const READY_AT_LEAST = 2;

/**
 * Nobody having taken one for so long, what is missing is made and what has ended is removed, milliseconds: it takes
 * processors that starts have better use for.
 */
const QUIET_MS = 200;

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
  private readonly maker: NetworkMaker;
  private readonly free = Array.from(
    { length: LAST_INDEX - FIRST_INDEX + 1 },
    (_, place) => FIRST_INDEX + place,
  );
  private readonly ready: number[] = [];
  private readonly waiting: PromiseWithResolvers<number>[] = [];
  private readonly ended: number[] = [];
  private readyCount = READY_AT_FIRST;
  private work: Promise<void> | undefined;
  private quiet: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly endpoints = new Map<string, Promise<string>>();

  private constructor(bridge: Bridge, names: NameResolution) {
    this.bridge = bridge;
    this.maker = new NetworkMaker(bridge);
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
    this.refillWhenQuiet();
    const index = this.ready.shift() ?? (await this.next());
    if (this.ready.length < READY_AT_LEAST) this.refill();
    const { block } = this.bridge;
    let isReleased = false;
    return {
      namespace: `${NAMESPACES_DIRECTORY}/${this.maker.namespaceOf(index)}`,
      runtimeApi: { host: runtimeApiHost(block, index), port: RUNTIME_API_HOST_PORT },
      runtimeApiInside: `${GATEWAY_ADDRESS}:${RUNTIME_API_PORT}`,
      moveScript: this.maker.moveScript(index),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.ended.push(index);
        this.refillWhenQuiet();
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
    clearTimeout(this.quiet);
    await this.work;
    this.ready.length = 0;
    this.refuse(CLOSING);
    await this.maker.close();
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

  private refillWhenQuiet(): void {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => {
      this.quiet = undefined;
      this.refill();
    }, QUIET_MS);
    this.quiet.unref();
  }

  private refill(): void {
    if (this.work !== undefined || this.isClosed) return;
    this.work = this.refillNow().finally(() => {
      this.work = undefined;
    });
  }

  private async refillNow(): Promise<void> {
    while (!this.isClosed) {
      const isQuiet = this.quiet === undefined;
      if (!isQuiet && this.waiting.length === 0 && this.ready.length >= READY_AT_LEAST) return;
      const wanted = isQuiet ? this.readyCount : Math.min(this.readyCount, BATCH_SIZE);
      const missing = wanted + this.waiting.length - this.ready.length;
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
    const isFree = await Promise.all(batch.map((index) => this.maker.isUsable(index)));
    const indices = batch.filter((_, place) => isFree[place]);
    // For later: whoever listens there may have gone by then.
    this.free.push(...batch.filter((_, place) => !isFree[place]));
    try {
      if (indices.length === 0) throw PORT_TAKEN;
      await this.maker.make(indices);
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
    await this.maker.remove(indices);
    this.free.push(...indices);
  }
}
