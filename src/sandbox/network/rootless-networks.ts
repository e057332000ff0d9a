/** Networks of environments for a server that is not root, a few of them made ahead. */
import { PlatformError } from '../../core/errors.ts';
import { GATEWAY_ADDRESS } from '../../core/gateway-address.ts';
import { RUNTIME_API_PORT } from './addresses.ts';
import type { EnvironmentNetwork, Networks } from './networks.ts';
import { ENDPOINT_PORT, RootlessNetwork } from './rootless-network.ts';
import type { RootlessPrograms } from './rootless-probe.ts';

/** Making one takes four processes, one of them Node.js. */
const READY = 2;

/** Of slirp4netns, which asks the host's own servers. */
const NAME_SERVER = '10.0.2.3';

const CLOSING = new PlatformError('The server is closing.', 'Start it again.');

export class RootlessNetworks implements Networks {
  readonly resolverConfiguration = `nameserver ${NAME_SERVER}\n`;
  private readonly programs: RootlessPrograms;
  private readonly ready: Promise<RootlessNetwork>[] = [];
  private readonly made = new Set<RootlessNetwork>();
  private readonly ending = new Set<Promise<void>>();
  private target: URL | undefined;
  private isClosed = false;

  private constructor(programs: RootlessPrograms) {
    this.programs = programs;
  }

  /** Rejects with `PlatformError` where the host refuses. */
  static async open(programs: RootlessPrograms): Promise<RootlessNetworks> {
    const networks = new RootlessNetworks(programs);
    networks.refill();
    try {
      await networks.ready[0];
      return networks;
    } catch (error) {
      await networks.close();
      throw error;
    }
  }

  async take(): Promise<EnvironmentNetwork> {
    if (this.isClosed) throw CLOSING;
    const next = this.ready.shift() ?? this.make();
    this.refill();
    const network = await next;
    try {
      // The host may have got others since it was made.
      await network.closeOffHost();
    } catch (error) {
      this.release(network);
      throw error;
    }
    return {
      namespace: `/proc/${network.pid}/ns/net`,
      userNamespace: `/proc/${network.pid}/ns/user`,
      runtimeApi: { host: GATEWAY_ADDRESS, port: RUNTIME_API_PORT, listening: network.runtimeApi },
      runtimeApiInside: `${GATEWAY_ADDRESS}:${RUNTIME_API_PORT}`,
      // What forks environments is not to be had without root.
      moveScript: '',
      release: () => this.release(network),
    };
  }

  async endpointInside(endpoint: string): Promise<string> {
    this.target = new URL(endpoint);
    return `http://${GATEWAY_ADDRESS}:${ENDPOINT_PORT}`;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.allSettled(this.ready);
    for (const network of [...this.made]) this.release(network);
    await Promise.all(this.ending);
  }

  private refill(): void {
    while (this.ready.length < READY && !this.isClosed) this.ready.push(this.make());
  }

  private make(): Promise<RootlessNetwork> {
    const made = RootlessNetwork.make(this.programs, () => this.target!).then((network) => {
      this.made.add(network);
      return network;
    });
    // Whoever takes it hears of it.
    made.catch(() => {});
    return made;
  }

  private release(network: RootlessNetwork): void {
    if (!this.made.delete(network)) return;
    const end = network.close().finally(() => this.ending.delete(end));
    this.ending.add(end);
  }
}
