import { parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';

/** The bus that every account has in every region, and that AWS's services send to. */
export const DEFAULT_BUS = 'default';

export interface BusAddress {
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
}

export interface BusRecord extends BusAddress {
  readonly description?: string;
  /** Service time, epoch milliseconds; absent for a default bus that nobody has changed. */
  readonly createdMs?: number;
  readonly modifiedMs?: number;
  /** JSON. */
  readonly policy?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export function busKey({ accountId, region, name }: BusAddress): string {
  return `${accountId}/${region}/${name}`;
}

export function busArn({ accountId, region, name }: BusAddress): string {
  return `arn:aws:events:${region}:${accountId}:event-bus/${name}`;
}

export function busPolicy({ policy }: BusRecord): PolicyDocument | undefined {
  return policy === undefined ? undefined : parsePolicy(policy);
}
