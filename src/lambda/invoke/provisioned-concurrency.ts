/** Keeps initialised what is provisioned for versions and aliases, and gives it to their invocations. */
import type { AliasTable } from '../records/alias-table.ts';
import type { ConcurrencySettings } from '../records/concurrency-settings.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import type { ProvisionedStatus } from '../records/provisioned-status.ts';
import type { FunctionName } from '../records/qualified-table.ts';
import type { ConcurrencyMetrics, ProvisionedTarget } from './concurrency-metrics.ts';
import type { Environment } from './environment.ts';
import type { Placement } from './placement.ts';
import type { Share } from './provisioned-allocation.ts';
import { ProvisionedAllocation } from './provisioned-allocation.ts';
import type { ProvisionedPool } from './provisioned-pool.ts';

export interface ProvisionedConcurrencyDependencies {
  readonly settings: ConcurrencySettings;
  readonly directory: FunctionDirectory;
  readonly aliases: Pick<AliasTable, 'get' | 'onChange'>;
  readonly placement: Pick<Placement, 'provision'>;
  readonly metrics: ConcurrencyMetrics;
}

/** A pool, and the configuration that it is for. */
interface Provision {
  readonly pool: ProvisionedPool;
  readonly target: ProvisionedTarget;
}

const NOTHING_YET: ProvisionedStatus = { status: 'IN_PROGRESS', allocated: 0 };

export class ProvisionedConcurrency {
  private readonly deps: ProvisionedConcurrencyDependencies;
  /** By function, then by qualifier. */
  private readonly allocations = new Map<string, Map<string, ProvisionedAllocation>>();
  /** What a version's invocations take from, whichever configurations it is for. */
  private readonly pools = new Map<FunctionRecord['generation'], Provision[]>();
  private begun = false;

  constructor(deps: ProvisionedConcurrencyDependencies) {
    this.deps = deps;
    deps.settings.onChange((name) => this.reconcile(name));
    deps.aliases.onChange((name) => this.reconcile(name));
    deps.directory.onChange((before, after) => {
      if (after !== undefined && after.state !== before?.state) this.reconcile(after);
    });
  }

  /** Initialises what is stored. Until then nothing is: environments need the address that the server listens on. */
  begin(): void {
    this.begun = true;
    for (const name of this.deps.settings.provisionedFunctions()) this.reconcile(name);
  }

  /** An environment that was initialised ahead; undefined where there is none, or all of them are busy. */
  take(record: FunctionRecord): Environment | undefined {
    if (this.pools.size === 0) return undefined;
    const provisions = this.pools.get(record.generation);
    if (provisions === undefined) return undefined;
    for (const { pool, target } of provisions) {
      const environment = pool.take();
      if (environment === undefined) continue;
      this.deps.metrics.provisioned(target, pool.busy, pool.allocated);
      return environment;
    }
    this.deps.metrics.spilledOver(provisions[0]!.target);
    return undefined;
  }

  status(name: FunctionName, qualifier: string): ProvisionedStatus {
    return this.allocations.get(keyOf(name))?.get(qualifier)?.status ?? NOTHING_YET;
  }

  private reconcile(name: FunctionName): void {
    if (!this.begun) return;
    const key = keyOf(name);
    const held = this.allocations.get(key) ?? new Map<string, ProvisionedAllocation>();
    const settings = new Map(this.deps.settings.allProvisioned(name));
    for (const [qualifier, allocation] of held) {
      if (settings.has(qualifier)) continue;
      allocation.close();
      held.delete(qualifier);
    }
    for (const [qualifier, { requested }] of settings) {
      const allocation = held.get(qualifier) ?? this.newAllocation({ name, qualifier });
      held.set(qualifier, allocation);
      const shares = this.shares(name, qualifier, requested);
      const failed = shares.find(({ record }) => record.state === 'Failed');
      const runnable = shares.filter(({ record }) => record.state === 'Active');
      allocation.plan(requested, runnable, failed?.record.stateReason);
    }
    if (held.size === 0) this.allocations.delete(key);
    else this.allocations.set(key, held);
  }

  /** An alias that splits its invocations splits its environments alike. */
  private shares(name: FunctionName, qualifier: string, requested: number): Share[] {
    const alias = this.deps.aliases.get(name, qualifier);
    const second = alias?.additional;
    const ofSecond = second === undefined ? 0 : Math.round(requested * second.weight);
    const { accountId, region, functionName } = name;
    const share = (version: string, executions: number): Share[] => {
      const record = this.deps.directory.find(accountId, region, functionName, version);
      return record === undefined || executions === 0 ? [] : [{ record, executions }];
    };
    return [
      ...share(alias?.functionVersion ?? qualifier, requested - ofSecond),
      ...(second === undefined ? [] : share(second.version, ofSecond)),
    ];
  }

  private newAllocation(target: ProvisionedTarget): ProvisionedAllocation {
    return new ProvisionedAllocation(
      (record, onChange) => {
        const pool = this.deps.placement.provision(record, onChange);
        const others = this.pools.get(record.generation) ?? [];
        this.pools.set(record.generation, [...others, { pool, target }]);
        return pool;
      },
      (pool) => {
        const { generation } = pool.record;
        const others = (this.pools.get(generation) ?? []).filter((one) => one.pool !== pool);
        if (others.length === 0) this.pools.delete(generation);
        else this.pools.set(generation, others);
        pool.drain();
      },
    );
  }
}

function keyOf({ accountId, region, functionName }: FunctionName): string {
  return `${accountId}/${region}/${functionName}`;
}
