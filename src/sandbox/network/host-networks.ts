/** Networks of environments where the host can make them; where it cannot, functions share the host's, and it is said. */
import type { Log } from '../../ports/log.ts';
import { removeAbandonedBridges } from './bridge.ts';
import { EnvironmentNetworks } from './environment-networks.ts';
import { endForwarding } from './forwarding.ts';
import type { NetworkProbe } from './network-probe.ts';
import { probeNetwork } from './network-probe.ts';

const SHARED = 'Functions share the network of this host and reach whatever listens on it, loopback included';

export class HostNetworks {
  private readonly probe: NetworkProbe;
  private readonly log: Log;
  private opened: Promise<EnvironmentNetworks | undefined> | undefined;

  private constructor(probe: NetworkProbe, log: Log) {
    this.probe = probe;
    this.log = log;
  }

  /** Removes what killed servers left; makes nothing yet. */
  static async open(log: Log): Promise<HostNetworks> {
    const probe = await probeNetwork();
    if (!probe.available) log.warn({}, `${SHARED}: ${probe.reason} ${probe.remedy}`);
    else {
      const removed = await removeAbandonedBridges().catch(() => 0);
      if (removed > 0) {
        log.warn({ removed }, 'Removed networks that earlier servers left.');
        // This server may never make one, and so never put it back itself.
        await endForwarding().catch(() => {});
      }
    }
    return new HostNetworks(probe, log);
  }

  /** Absolute path of `nsenter`. */
  get nsenter(): string {
    return this.probe.available ? this.probe.nsenter : 'nsenter';
  }

  /** Made at the first call; undefined where functions have the host's network. */
  networks(): Promise<EnvironmentNetworks | undefined> {
    this.opened ??= this.probe.available
      ? EnvironmentNetworks.open().catch((error: Error) => {
          this.log.warn({}, `${SHARED}: ${error.message}`);
          return undefined;
        })
      : Promise.resolve(undefined);
    return this.opened;
  }

  async close(): Promise<void> {
    const networks = await this.opened;
    await networks?.close();
  }
}
