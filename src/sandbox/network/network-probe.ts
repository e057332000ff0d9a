/** Whether this host can give each environment a network of its own. */
import { readFile } from 'node:fs/promises';
import { findOnPath } from '../executables.ts';

export type NetworkProbe =
  /** `nsenter` is its absolute path. */
  | { readonly available: true; readonly nsenter: string }
  | {
      readonly available: false;
      readonly isPrivileged: boolean;
      readonly reason: string;
      readonly remedy: string;
    };

/** Programs, and the packages they are in. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
};

/** CAP_NET_ADMIN and CAP_SYS_ADMIN of capabilities(7), as bits. */
const NEEDED_CAPABILITIES = (1n << 12n) | (1n << 21n);

/** Looks, and starts nothing. Who is not root may have networks in another way: see `probeRootless`. */
export async function probeNetwork(): Promise<NetworkProbe> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  if (process.getuid?.() !== 0 || (effective & NEEDED_CAPABILITIES) !== NEEDED_CAPABILITIES) {
    return {
      available: false,
      isPrivileged: false,
      reason: 'making networks needs root with CAP_NET_ADMIN and CAP_SYS_ADMIN.',
      remedy: 'Run selfsame as root where functions must not reach what listens on this host.',
    };
  }
  const missing: string[] = [];
  for (const [program, name] of Object.entries(PACKAGES)) {
    if ((await findOnPath(program)) === undefined) missing.push(name);
  }
  if (missing.length > 0) {
    const remedy = `Install the packages ${missing.map((name) => `\`${name}\``).join(', ')}.`;
    return {
      available: false,
      isPrivileged: true,
      reason: `${missing.join(', ')} is not installed.`,
      remedy,
    };
  }
  return { available: true, nsenter: (await findOnPath('nsenter'))! };
}
