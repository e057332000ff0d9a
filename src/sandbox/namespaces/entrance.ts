/**
 * How bubblewrap comes to run in its environment's network and as its user: `nsenter` goes there and becomes it, so that
 * there is one process all along.
 */
import { dirname } from 'node:path';
import type { HostNetworks } from '../network/host-networks.ts';
import type { EnvironmentNetwork } from '../network/networks.ts';
import type { EnvironmentUser, EnvironmentUsers } from '../users/environment-users.ts';

export interface Entrance {
  /** Both, or neither where functions have the host's network. */
  readonly networks: HostNetworks | undefined;
  readonly network: EnvironmentNetwork | undefined;
  /** Both, or neither where functions run as the server's user. */
  readonly users: EnvironmentUsers | undefined;
  readonly user: EnvironmentUser | undefined;
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

/** `args` are those of bubblewrap, whose path is `bwrap`. */
export async function enter(
  { networks, network, users, user }: Entrance,
  bwrap: string,
  args: readonly string[],
): Promise<Command> {
  const entering: string[] = [];
  if (networks !== undefined && network !== undefined) {
    entering.push(`--net=${network.namespace}`);
    if (network.userNamespace !== undefined)
      entering.unshift('--preserve-credentials', `--user=${network.userNamespace}`);
  }
  if (users !== undefined && user !== undefined)
    entering.push(...(await users.enter(user, [dirname(bwrap), ...boundSources(args)])));
  const nsenter = users?.nsenter ?? networks?.nsenter;
  if (entering.length === 0 || nsenter === undefined) return { command: bwrap, args };
  return { command: nsenter, args: [...entering, '--', bwrap, ...args] };
}

/** What of the host is shown inside. After `--` the function's own command begins. */
function boundSources(args: readonly string[]): string[] {
  const own = args.slice(0, args.indexOf('--'));
  return own.filter((_, place) => own[place - 1] === '--ro-bind' || own[place - 1] === '--ro-bind-try');
}
