/** Networks of environments where the host can make them; where it cannot, functions share the host's, and it is said. */
import type { Log } from '../../ports/log.ts';
import { removeAbandonedBridges } from './bridge.ts';
import { EnvironmentNetworks } from './environment-networks.ts';
import { endForwarding } from './forwarding.ts';
import type { NetworkProbe } from './network-probe.ts';
import { probeNetwork } from './network-probe.ts';
import type { Networks } from './networks.ts';
import { RootlessNetworks } from './rootless-networks.ts';
import type { RootlessProbe } from './rootless-probe.ts';
import { probeRootless } from './rootless-probe.ts';

const SHARED = 'Functions share the network of this host and reach whatever listens on it, loopback included';

/** Whether environments of this server have networks of their own, in whichever way. */
export async function probeNetworks(): Promise<NetworkProbe | RootlessProbe> {
  const probe = await probeNetwork();
  return probe.available || probe.isPrivileged ? probe : probeRootless();
}

export class HostNetworks {
  private readonly probe: NetworkProbe | RootlessProbe;
  private readonly log: Log;
  private opened: Promise<Networks | undefined> | undefined;

  private constructor(probe: NetworkProbe | RootlessProbe, log: Log) {
    this.probe = probe;
    this.log = log;
  }

  /** Removes what killed servers left; makes nothing yet. */
  static async open(log: Log): Promise<HostNetworks> {
    const probe = await probeNetworks();
    if (!probe.available) log.warn({}, `${SHARED}: ${probe.reason} ${probe.remedy}`);
    else if (!('slirp' in probe)) {
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
  networks(): Promise<Networks | undefined> {
    this.opened ??= this.openNetworks().catch((error: Error) => {
      this.log.warn({}, `${SHARED}: ${error.message}`);
      return undefined;
    });
    return this.opened;
  }

  async close(): Promise<void> {
    const networks = await this.opened;
    await networks?.close();
  }

  private async openNetworks(): Promise<Networks | undefined> {
    const { probe } = this;
    if (!probe.available) return undefined;
    return 'slirp' in probe ? RootlessNetworks.open(probe) : EnvironmentNetworks.open();
  }
}
