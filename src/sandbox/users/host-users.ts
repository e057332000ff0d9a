/** Users of environments where the host can have them; where it cannot, functions run as the server's own, and it is said. */
import type { Log } from '../../ports/log.ts';
import { EnvironmentUsers } from './environment-users.ts';
import type { UserProbe } from './user-probe.ts';

const OWN_USER = 'Seen from the host, functions run as the user of this server';

export class HostUsers {
  private readonly probe: () => Promise<UserProbe>;
  private readonly log: Log;
  private opened: Promise<EnvironmentUsers | undefined> | undefined;

  /** `probe` is asked when the first one is. */
  constructor(probe: () => Promise<UserProbe>, log: Log) {
    this.probe = probe;
    this.log = log;
  }

  /** Made at the first call; undefined where functions run as the server's own user. */
  users(): Promise<EnvironmentUsers | undefined> {
    this.opened ??= this.open();
    return this.opened;
  }

  async close(): Promise<void> {
    const users = await this.opened;
    await users?.close();
  }

  private async open(): Promise<EnvironmentUsers | undefined> {
    const probe = await this.probe();
    if (!probe.available) {
      // Who does not run it as root has not asked for more; root has.
      const level = process.getuid?.() === 0 ? 'warn' : 'info';
      this.log[level]({}, `${OWN_USER}: ${probe.reason} ${probe.remedy}`);
      return undefined;
    }
    try {
      return await EnvironmentUsers.open(probe.nsenter, this.log);
    } catch (error) {
      this.log.warn({}, `${OWN_USER}: ${(error as Error).message}`);
      return undefined;
    }
  }
}
