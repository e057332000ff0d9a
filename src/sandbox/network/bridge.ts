/** The bridge of one server, with its addresses and rules. Its name says which block of addresses it has taken. */
import { readdir, writeFile } from 'node:fs/promises';
import { PlatformError } from '../../core/errors.ts';
import { addressOf, BLOCK_PREFIX, BLOCKS } from './addresses.ts';
import { isAbandoned, ownerMark } from './bridge-owner.ts';
import { tableRules } from './filter-rules.ts';
import { ask, ip, nft } from './network-commands.ts';

/** What names of bridges, tables and network namespaces begin with; an interface has at most 15 characters. */
export const BRIDGE_PREFIX = 'selfsame-';

/** Where `ip netns` keeps its names. */
export const NAMESPACES_DIRECTORY = '/run/netns';

export interface Bridge {
  readonly name: string;
  readonly block: number;
}

interface Link {
  readonly ifname: string;
  readonly ifalias?: string;
}

/** Takes a free block of addresses and makes its bridge. `resolver`: the host's name server, if on loopback. */
export async function createBridge(resolver: string | undefined): Promise<Bridge> {
  const bridge = await claimBridge(ownerMark());
  const { name, block } = bridge;
  try {
    await ip([
      `addr add ${addressOf(block, 1)}/${BLOCK_PREFIX} dev ${name}`,
      `link set dev ${name} addrgenmode none up`,
    ]);
    await nft(tableRules({ name, block, resolver }));
    // Else the kernel takes what is to be answered on loopback for a forgery.
    await writeFile(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, '1');
  } catch (error) {
    await removeBridge(name);
    throw error;
  }
  return bridge;
}

/** Making a link of a name is what only one of several servers can do. */
async function claimBridge(owner: string): Promise<Bridge> {
  const taken = new Set((await bridges()).map(({ ifname }) => ifname));
  let failure: unknown;
  for (const block of BLOCKS) {
    const name = `${BRIDGE_PREFIX}${block}`;
    if (taken.has(name)) continue;
    try {
      await ip([
        `link add name ${name} type bridge mcast_snooping 0`,
        `link set dev ${name} alias "${owner}"`,
      ]);
      return { name, block };
    } catch (error) {
      failure = error;
      // Another server was faster; anything else would go wrong with the next one, too.
      if (!(error instanceof PlatformError) || !error.message.includes('File exists')) break;
    }
  }
  throw (
    failure ?? new PlatformError('All networks for functions are taken.', 'Stop another selfsame server.')
  );
}

/** Removes the network namespaces, the rules and at last the bridge itself. Never rejects. */
export async function removeBridge(name: string): Promise<void> {
  const namespaces = (await readdir(NAMESPACES_DIRECTORY).catch(() => [])).filter((entry) =>
    entry.startsWith(`${name}-`),
  );
  if (namespaces.length > 0) {
    await ip(
      namespaces.map((namespace) => `netns delete ${namespace}`),
      ['-force'],
    ).catch(() => {});
  }
  await nft(`delete table inet ${name}\n`).catch(() => {});
  await ip([`link delete dev ${name}`]).catch(() => {});
}

/** Removes the networks of servers that were killed; returns how many there were. */
export async function removeAbandonedBridges(): Promise<number> {
  let removed = 0;
  for (const { ifname, ifalias } of await bridges()) {
    if (!isAbandoned(ifalias)) continue;
    await removeBridge(ifname);
    removed += 1;
  }
  return removed;
}

async function bridges(): Promise<Link[]> {
  const links = (await ask('ip', ['-json', 'link', 'show', 'type', 'bridge'])) as Partial<Link>[];
  return links.filter((link): link is Link => link.ifname?.startsWith(BRIDGE_PREFIX) ?? false);
}
