/** Names are resolved inside by the host's own servers; one on the host's loopback is reached through the gateway. */
import { readFile } from 'node:fs/promises';
import { GATEWAY_ADDRESS } from '../../core/gateway-address.ts';

export interface NameResolution {
  /** The host's name server, where it is on loopback and so has to be passed through to. */
  readonly resolver: string | undefined;
  /** `resolv.conf` as it is inside. */
  readonly configuration: string;
}

export async function nameResolution(file = '/etc/resolv.conf'): Promise<NameResolution> {
  return resolutionInside(await readFile(file, 'utf8').catch(() => ''));
}

/** Without a name server the resolver's own default holds, which is loopback. */
export function resolutionInside(configuration: string): NameResolution {
  const lines = configuration.split('\n');
  const servers = lines.flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  const [first = '127.0.0.1'] = servers;
  if (!first.startsWith('127.') && first !== '::1') return { resolver: undefined, configuration };
  const others = lines.filter((line) => !/^\s*nameserver\s/.test(line));
  return {
    // Nothing translates between IPv4 and IPv6; a resolver on ::1 is on 127.0.0.1 as a rule.
    resolver: first === '::1' ? '127.0.0.1' : first,
    configuration: [`nameserver ${GATEWAY_ADDRESS}`, ...others].join('\n'),
  };
}
