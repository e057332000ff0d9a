/** Users of environments where the host can have them; where it cannot, functions run as the server's own, and it is said. */
import type { Log } from '../../ports/log.ts';
import { EnvironmentUsers } from './environment-users.ts';
import { probeUsers } from './user-probe.ts';

const OWN_USER = 'Seen from the host, functions run as the user of this server';

export class HostUsers {
  private readonly bwrap: string;
  private readonly log: Log;
  private opened: Promise<EnvironmentUsers | undefined> | undefined;

  /** Asks for nothing yet. `bwrap` is the path of bubblewrap. */
  constructor(bwrap: string, log: Log) {
    this.bwrap = bwrap;
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
    const probe = await probeUsers(this.bwrap);
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
