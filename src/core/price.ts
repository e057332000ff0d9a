/**
 * What AWS bills for invocations on demand. The figures are those of AWS's public price list for
 * US East (N. Virginia), which most regions share; a few (Hong Kong, Cape Town, Milan, …) cost more.
 * Source: https://aws.amazon.com/lambda/pricing/ and "Introducing tiered pricing for AWS Lambda".
 */

export type Architecture = 'x86_64' | 'arm64';

export interface PriceTier {
  /** Up to this many GB-seconds a month of one architecture; the last tier has no end. */
  readonly upToGbSeconds: number;
  readonly usdPerGbSecond: number;
}

export interface PriceList {
  readonly region: string;
  /** When the figures were taken from AWS's list, `YYYY-MM-DD`. */
  readonly date: string;
  readonly usdPerRequest: number;
  readonly duration: Readonly<Record<Architecture, readonly PriceTier[]>>;
  /** For `/tmp` beyond the part that comes with every function. */
  readonly usdPerEphemeralGbSecond: number;
  readonly includedEphemeralMb: number;
  readonly freeTier: { readonly requests: number; readonly gbSeconds: number };
}

export const US_EAST_1: PriceList = {
  region: 'us-east-1',
  date: '2026-09-19',
  usdPerRequest: 0.2e-6,
  duration: {
    x86_64: [
      { upToGbSeconds: 6e9, usdPerGbSecond: 0.0000166667 },
      { upToGbSeconds: 15e9, usdPerGbSecond: 0.000015 },
      { upToGbSeconds: Number.POSITIVE_INFINITY, usdPerGbSecond: 0.0000133334 },
    ],
    arm64: [
      { upToGbSeconds: 7.5e9, usdPerGbSecond: 0.0000133334 },
      { upToGbSeconds: 18.75e9, usdPerGbSecond: 0.0000120001 },
      { upToGbSeconds: Number.POSITIVE_INFINITY, usdPerGbSecond: 0.0000106667 },
    ],
  },
  usdPerEphemeralGbSecond: 0.0000000309,
  includedEphemeralMb: 512,
  freeTier: { requests: 1_000_000, gbSeconds: 400_000 },
};

/** AWS's gigabyte is 1,024 MB. Source: the pricing page's examples. */
const MB_PER_GB = 1_024;

export interface BilledInvocation {
  /** As in the REPORT line: whole milliseconds, rounded up. */
  readonly billedDurationMs: number;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly architecture: Architecture;
}

export interface InvocationPrice {
  readonly requestUsd: number;
  readonly durationUsd: number;
  readonly ephemeralStorageUsd: number;
  readonly totalUsd: number;
}

/** One invocation at the first tier's price, the free tier left aside. */
export function invocationPrice(invocation: BilledInvocation, list: PriceList = US_EAST_1): InvocationPrice {
  const usage = addedUsage(NO_USAGE, invocation, list);
  return price(usage, list);
}

/** What an account used in one month and one region. */
export interface MonthlyUsage {
  readonly requests: number;
  readonly gbSeconds: Readonly<Record<Architecture, number>>;
  /** Of `/tmp` beyond the included part. */
  readonly ephemeralGbSeconds: number;
}

export const NO_USAGE: MonthlyUsage = {
  requests: 0,
  gbSeconds: { x86_64: 0, arm64: 0 },
  ephemeralGbSeconds: 0,
};

export function addedUsage(
  usage: MonthlyUsage,
  { billedDurationMs, memoryMb, ephemeralStorageMb, architecture }: BilledInvocation,
  list: PriceList = US_EAST_1,
): MonthlyUsage {
  const seconds = billedDurationMs / 1_000;
  const extraMb = Math.max(0, ephemeralStorageMb - list.includedEphemeralMb);
  return {
    requests: usage.requests + 1,
    gbSeconds: {
      ...usage.gbSeconds,
      [architecture]: usage.gbSeconds[architecture] + (memoryMb / MB_PER_GB) * seconds,
    },
    ephemeralGbSeconds: usage.ephemeralGbSeconds + (extraMb / MB_PER_GB) * seconds,
  };
}

/**
 * A month's bill: the free tier is taken off, then each architecture is priced by its own tiers.
 * The free GB-seconds are shared by both architectures; which goes first AWS does not say, here it is
 * x86_64. Storage in `/tmp` has no free tier beyond what every function includes.
 */
export function monthlyPrice(usage: MonthlyUsage, list: PriceList = US_EAST_1): InvocationPrice {
  const { x86_64, arm64 } = usage.gbSeconds;
  const freeX86 = Math.min(x86_64, list.freeTier.gbSeconds);
  const freeArm = Math.min(arm64, list.freeTier.gbSeconds - freeX86);
  return price(
    {
      requests: Math.max(0, usage.requests - list.freeTier.requests),
      gbSeconds: { x86_64: x86_64 - freeX86, arm64: arm64 - freeArm },
      ephemeralGbSeconds: usage.ephemeralGbSeconds,
    },
    list,
  );
}

function price({ requests, gbSeconds, ephemeralGbSeconds }: MonthlyUsage, list: PriceList): InvocationPrice {
  const requestUsd = requests * list.usdPerRequest;
  const durationUsd =
    tieredPrice(gbSeconds.x86_64, list.duration.x86_64) + tieredPrice(gbSeconds.arm64, list.duration.arm64);
  const ephemeralStorageUsd = ephemeralGbSeconds * list.usdPerEphemeralGbSecond;
  return {
    requestUsd,
    durationUsd,
    ephemeralStorageUsd,
    totalUsd: requestUsd + durationUsd + ephemeralStorageUsd,
  };
}

function tieredPrice(gbSeconds: number, tiers: readonly PriceTier[]): number {
  let total = 0;
  let below = 0;
  for (const { upToGbSeconds, usdPerGbSecond } of tiers) {
    if (gbSeconds <= below) break;
    total += (Math.min(gbSeconds, upToGbSeconds) - below) * usdPerGbSecond;
    below = upToGbSeconds;
  }
  return total;
}

/** Dollars with enough digits for one invocation, which costs some ten-millionths: `$0.0000002083`. */
export function formatUsd(usd: number): string {
  return `$${usd.toFixed(usd !== 0 && usd < 0.01 ? 10 : 2)}`;
}
