import type { Target } from '@aws-sdk/client-eventbridge';
import type { BusAddress } from './bus-record.ts';
import { busKey, DEFAULT_BUS } from './bus-record.ts';

export interface RuleRecord {
  readonly bus: BusAddress;
  readonly name: string;
  readonly description?: string;
  /** JSON as it was given. */
  readonly pattern?: string;
  /** `rate(…)` or `cron(…)`. */
  readonly schedule?: string;
  readonly state: 'ENABLED' | 'DISABLED';
  readonly roleArn?: string;
  /** In the order in which they were put. */
  readonly targets: readonly RuleTarget[];
  readonly tags?: Readonly<Record<string, string>>;
  /** From when on a rate counts: service time, epoch milliseconds. */
  readonly scheduledSinceMs?: number;
  /** When the schedule is due next; absent where it never is. */
  readonly nextMs?: number;
}

export type RuleTarget = Target & { readonly Id: string; readonly Arn: string };

export function ruleKey(bus: BusAddress, name: string): string {
  return `${busKey(bus)}/${name}`;
}

/** Rules of the default bus do not name it. */
export function ruleArn({ bus, name }: Pick<RuleRecord, 'bus' | 'name'>): string {
  const path = bus.name === DEFAULT_BUS ? name : `${bus.name}/${name}`;
  return `arn:aws:events:${bus.region}:${bus.accountId}:rule/${path}`;
}
