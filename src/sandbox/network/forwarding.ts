/** Routing between the host's interfaces, which the way outside needs and most hosts have off. */
import { readFile, writeFile } from 'node:fs/promises';
import { BRIDGE_PREFIX } from './bridge.ts';
import { ask, nft } from './network-commands.ts';

const SWITCH = '/proc/sys/net/ipv4/ip_forward';
/** Its being there says that a server of ours has switched routing on, and has to switch it off again. */
const TABLE = `${BRIDGE_PREFIX}forwarding`;

/** Switches routing on for the bridges of selfsame alone: between its other interfaces the host still routes nothing. */
export async function allowForwarding(): Promise<void> {
  if ((await readFile(SWITCH, 'utf8')).trim() === '1') return;
  const bridges = `"${BRIDGE_PREFIX}*"`;
  await nft(`table inet ${TABLE} {
  chain forward {
    type filter hook forward priority filter
    iifname != ${bridges} oifname != ${bridges} drop
  }
}
`);
  await writeFile(SWITCH, '1');
}

/** Called when a bridge is gone: the last one takes the routing along, if it was us who switched it on. */
export async function endForwarding(): Promise<void> {
  const links = (await ask('ip', ['-json', 'link', 'show', 'type', 'bridge'])) as { ifname?: string }[];
  if (links.some(({ ifname }) => ifname?.startsWith(BRIDGE_PREFIX))) return;
  const { nftables } = (await ask('nft', ['--json', 'list', 'tables'])) as {
    nftables: { table?: { name: string } }[];
  };
  if (!nftables.some(({ table }) => table?.name === TABLE)) return;
  await writeFile(SWITCH, '0');
  await nft(`delete table inet ${TABLE}\n`);
}
