/** The nftables rules of one server's bridge: what its environments reach, and what reaches them. */
import { GATEWAY_ADDRESS } from '../../core/gateway-address.ts';
import {
  addressOf,
  BLOCK_PREFIX,
  CREDENTIALS_ADDRESS,
  LINK_LOCAL,
  RUNTIME_API_HOST_PORT,
  RUNTIME_API_PORT,
  runtimeApiHost,
} from './addresses.ts';

export interface FilterTable {
  /** Of the table and of the bridge. */
  readonly name: string;
  readonly block: number;
  /** The host's name server, where it listens on loopback only. */
  readonly resolver: string | undefined;
}

/**
 * To the host itself goes only what the server answers: the endpoints, the sender's own runtime API, names. Everything
 * else is refused, not dropped: a function that tries gets ECONNREFUSED and does not wait for a time-out.
 */
export function tableRules({ name, block, resolver }: FilterTable): string {
  const fromInside = `iifname "${name}"`;
  const toInside = `oifname "${name}"`;
  const toGateway = `${fromInside} ip daddr ${GATEWAY_ADDRESS}`;
  const names =
    resolver === undefined ? '' : `${toGateway} meta l4proto { tcp, udp } th dport 53 dnat ip to ${resolver}`;
  return `table inet ${name} {
  map runtime_apis {
    type ipv4_addr . inet_service : ipv4_addr . inet_service
  }
  map endpoints {
    type inet_service : ipv4_addr . inet_service
  }
  chain input {
    type filter hook input priority filter
    ${fromInside} ct status dnat accept
    ${fromInside} ct state established,related accept
    ${fromInside} meta l4proto tcp reject with tcp reset
    ${fromInside} reject
  }
  chain forward {
    type filter hook forward priority filter
    ${fromInside} ${toInside} reject
    ${fromInside} ip daddr ${LINK_LOCAL} reject
    ${fromInside} tcp flags syn tcp option maxseg size set rt mtu
    ${toInside} ct state established,related accept
    ${toInside} drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat
    ${toGateway} tcp dport ${RUNTIME_API_PORT} dnat ip to ip saddr . tcp dport map @runtime_apis
    ${fromInside} ip daddr ${CREDENTIALS_ADDRESS} tcp dport ${RUNTIME_API_PORT} dnat ip to ip saddr . tcp dport map @runtime_apis
    ${toGateway} dnat ip to tcp dport map @endpoints
    ${names}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr ${addressOf(block, 0)}/${BLOCK_PREFIX} ${`oifname != "${name}"`} masquerade
  }
}
`;
}

/** Each environment reaches its own runtime API by the address that all of them use. */
export function runtimeApiElements(name: string, block: number, indices: readonly number[]): string {
  const elements = indices.map(
    (index) => `${runtimeApiKey(block, index)} : ${runtimeApiHost(block, index)} . ${RUNTIME_API_HOST_PORT}`,
  );
  return `add element inet ${name} runtime_apis { ${elements.join(', ')} }\n`;
}

export function removedRuntimeApiElements(name: string, block: number, indices: readonly number[]): string {
  const keys = indices.map((index) => runtimeApiKey(block, index));
  return `delete element inet ${name} runtime_apis { ${keys.join(', ')} }\n`;
}

function runtimeApiKey(block: number, index: number): string {
  return `${addressOf(block, index)} . ${RUNTIME_API_PORT}`;
}

export function endpointElement(name: string, port: number, host: string, hostPort: number): string {
  return `add element inet ${name} endpoints { ${port} : ${host} . ${hostPort} }\n`;
}
