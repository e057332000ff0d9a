/** Stored capacity providers, by ARN. */
import { Turns } from '../../core/turns.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { storedRecords } from './stored-records.ts';

const PROVIDERS = 'lambda.capacity-provider';

export interface CapacityProviderRecord {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  /** Kept as AWS returns them: the instances are this host, and its network is theirs. */
  readonly vpcConfig: { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] };
  readonly operatorRoleArn: string;
  /** What functions of the provider must be made for. */
  readonly architecture: 'x86_64' | 'arm64';
  readonly allowedInstanceTypes?: readonly string[];
  readonly excludedInstanceTypes?: readonly string[];
  /** All environments of its functions together have so many vCPUs at most. */
  readonly maxVcpus: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Service time, epoch milliseconds. */
  readonly lastModifiedMs: number;
}

export class CapacityProviderTable {
  private readonly state: StateStore;
  private readonly providers = new Map<string, CapacityProviderRecord>();
  private readonly turns = new Turns();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<CapacityProviderTable> {
    const table = new CapacityProviderTable(state);
    for await (const { value } of storedRecords<CapacityProviderRecord>(state, PROVIDERS))
      table.providers.set(value.arn, value);
    return table;
  }

  find(arn: string): CapacityProviderRecord | undefined {
    return this.providers.get(arn);
  }

  /** Those of an account in a region, by name in order. */
  list(accountId: string, region: string): CapacityProviderRecord[] {
    return [...this.providers.values()]
      .filter((provider) => provider.accountId === accountId && provider.region === region)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Changes of one provider follow one another. */
  whileUnchanged<T>(arn: string, work: () => Promise<T>): Promise<T> {
    return this.turns.run(arn, work);
  }

  /** Called within `whileUnchanged`. */
  async put(provider: CapacityProviderRecord): Promise<void> {
    await this.state.commit([{ table: PROVIDERS, key: provider.arn, value: provider }]);
    this.providers.set(provider.arn, provider);
  }

  /** Called within `whileUnchanged`. */
  async remove(arn: string): Promise<void> {
    await this.state.commit([{ table: PROVIDERS, key: arn, delete: true }]);
    this.providers.delete(arn);
  }
}
