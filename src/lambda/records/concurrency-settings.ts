/** Stored: the concurrency that functions have reserved, and what is provisioned for their versions and aliases. */
import type { StateStore } from '../../ports/state-store.ts';
import { LATEST } from './function-record.ts';
import type { FunctionTable, Joined } from './function-table.ts';
import type { FunctionName } from './qualified-table.ts';
import { QualifiedTable } from './qualified-table.ts';

/** Concurrent executions of an account in a region. Source: Lambda quotas, default. */
export const ACCOUNT_CONCURRENCY = 1_000;

/** What functions without reserved concurrency must be left with. Source: "Configuring reserved concurrency". */
export const MIN_UNRESERVED_CONCURRENCY = 100;

export interface ProvisionedSetting {
  /** Environments that are to be kept initialised. */
  readonly requested: number;
  /** Service time, epoch milliseconds. */
  readonly lastModifiedMs: number;
}

export class ConcurrencySettings {
  private readonly reservations: QualifiedTable<number>;
  private readonly provisions: QualifiedTable<ProvisionedSetting>;
  /** What each function takes from its account, by `account/region/name`. */
  private readonly claims = new Map<string, number>();
  /** The sum of the claims, by `account/region`. */
  private readonly claimed = new Map<string, number>();
  private readonly listeners: ((name: FunctionName) => void)[] = [];

  private constructor(reservations: QualifiedTable<number>, provisions: QualifiedTable<ProvisionedSetting>) {
    this.reservations = reservations;
    this.provisions = provisions;
    for (const table of [reservations, provisions]) {
      for (const name of table.functionNames()) this.claim(name);
      table.onChange((name) => this.changed(name));
    }
  }

  static async open(state: StateStore, functions: FunctionTable): Promise<ConcurrencySettings> {
    return new ConcurrencySettings(
      await QualifiedTable.open<number>(state, functions, 'lambda.reserved-concurrency'),
      await QualifiedTable.open<ProvisionedSetting>(state, functions, 'lambda.provisioned-concurrency'),
    );
  }

  reserved(name: FunctionName): number | undefined {
    return this.reservations.get(name, LATEST);
  }

  putReserved(name: FunctionName, executions: number): Joined {
    return this.reservations.put(name, LATEST, executions);
  }

  removeReserved(name: FunctionName): Joined {
    return this.reservations.remove(name, LATEST);
  }

  /** `qualifier` is a version or an alias. */
  provisioned(name: FunctionName, qualifier: string): ProvisionedSetting | undefined {
    return this.provisions.get(name, qualifier);
  }

  putProvisioned(name: FunctionName, qualifier: string, setting: ProvisionedSetting): Joined {
    return this.provisions.put(name, qualifier, setting);
  }

  removeProvisioned(name: FunctionName, qualifier: string): Joined {
    return this.provisions.remove(name, qualifier);
  }

  /** By qualifier, in order. */
  allProvisioned(name: FunctionName): [qualifier: string, setting: ProvisionedSetting][] {
    return this.provisions.of(name);
  }

  provisionedTotal(name: FunctionName): number {
    return this.provisions.of(name).reduce((sum, [, { requested }]) => sum + requested, 0);
  }

  /** Functions that something is provisioned for. */
  provisionedFunctions(): FunctionName[] {
    return this.provisions.functionNames();
  }

  /** What is left of the account for functions that have nothing reserved and nothing provisioned. */
  unreserved(accountId: string, region: string): number {
    return ACCOUNT_CONCURRENCY - (this.claimed.get(`${accountId}/${region}`) ?? 0);
  }

  /** What of the account is the function's own: provisioned concurrency lies within the reserved one. */
  claimOf(name: FunctionName): number {
    return Math.max(this.reserved(name) ?? 0, this.provisionedTotal(name));
  }

  /** Called when a setting of the function has been stored or removed. */
  onChange(listener: (name: FunctionName) => void): void {
    this.listeners.push(listener);
  }

  private changed(name: FunctionName): void {
    this.claim(name);
    for (const listener of this.listeners) listener(name);
  }

  private claim(name: FunctionName): void {
    const scope = `${name.accountId}/${name.region}`;
    const key = `${scope}/${name.functionName}`;
    const before = this.claims.get(key) ?? 0;
    const now = this.claimOf(name);
    if (now === 0) this.claims.delete(key);
    else this.claims.set(key, now);
    this.claimed.set(scope, (this.claimed.get(scope) ?? 0) + now - before);
  }
}
