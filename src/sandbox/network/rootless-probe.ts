/** Whether a server that is not root can give each environment a network of its own. */
import { access, constants } from 'node:fs/promises';
import { findOnPath } from '../executables.ts';

/** Absolute paths. */
export interface RootlessPrograms {
  readonly nsenter: string;
  readonly slirp: string;
}

export type RootlessProbe =
  | ({ readonly available: true } & RootlessPrograms)
  | { readonly available: false; readonly reason: string; readonly remedy: string };

/** Programs, and the packages they are in. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nsenter: 'util-linux',
  slirp4netns: 'slirp4netns',
};

/** What carries packets between the kernel and slirp4netns. */
const DEVICE = '/dev/net/tun';

/** Looks, and starts nothing. */
export async function probeRootless(device = DEVICE): Promise<RootlessProbe> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(PACKAGES)) {
    if ((await findOnPath(program)) === undefined) missing.push(`\`${name}\``);
  }
  if (missing.length > 0) {
    return {
      available: false,
      reason: `without root, making networks needs ${missing.join(', ')}.`,
      remedy: `Install ${missing.join(', ')}, or run selfsame as root.`,
    };
  }
  try {
    await access(device, constants.R_OK | constants.W_OK);
  } catch {
    return {
      available: false,
      reason: `without root, making networks needs ${device}, which this user may not open.`,
      remedy: `Load the kernel module \`tun\` and run \`chmod 666 ${device}\`, or run selfsame as root.`,
    };
  }
  return {
    available: true,
    nsenter: (await findOnPath('nsenter'))!,
    slirp: (await findOnPath('slirp4netns'))!,
  };
}
