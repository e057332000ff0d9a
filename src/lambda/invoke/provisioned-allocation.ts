/** What one provisioned concurrency configuration has come to: a pool for each version that its qualifier stands for. */
import type { FunctionRecord } from '../records/function-record.ts';
import type { ProvisionedStatus } from '../records/provisioned-status.ts';
import type { ProvisionedPool } from './provisioned-pool.ts';

/** How many environments a version is to have. */
export interface Share {
  readonly record: FunctionRecord;
  readonly executions: number;
}

export class ProvisionedAllocation {
  private readonly open: (record: FunctionRecord, onChange: () => void) => ProvisionedPool;
  private readonly drop: (pool: ProvisionedPool) => void;
  private readonly pools = new Map<FunctionRecord['generation'], ProvisionedPool>();
  private readonly wanted = new Map<ProvisionedPool, number>();
  /** Of versions that an alias has left; they stay until those of the new one are there, as AWS was seen to do. */
  private readonly leaving = new Set<ProvisionedPool>();
  private requested = 0;
  private problem: string | undefined;

  constructor(
    open: (record: FunctionRecord, onChange: () => void) => ProvisionedPool,
    drop: (pool: ProvisionedPool) => void,
  ) {
    this.open = open;
    this.drop = drop;
  }

  /** `shares` are of versions that can be run; `problem` says why one cannot. */
  plan(requested: number, shares: readonly Share[], problem: string | undefined): void {
    this.requested = requested;
    this.problem = problem;
    const planned = new Set(shares.map(({ record }) => record.generation));
    for (const [generation, pool] of this.pools) {
      if (planned.has(generation)) continue;
      this.pools.delete(generation);
      this.leaving.add(pool);
    }
    for (const { record, executions } of shares) {
      const pool = this.pools.get(record.generation) ?? this.open(record, () => this.settle());
      this.pools.set(record.generation, pool);
      if (this.wanted.get(pool) === executions) continue;
      this.wanted.set(pool, executions);
      pool.resize(executions);
    }
    this.settle();
  }

  get status(): ProvisionedStatus {
    const pools = [...this.pools.values()];
    const sum = (of: Iterable<ProvisionedPool>): number =>
      [...of].reduce((total, { allocated }) => total + allocated, 0);
    const allocated = Math.min(this.requested, sum(pools) + sum(this.leaving));
    const failure = this.problem ?? pools.find((pool) => pool.failure !== undefined)?.failure;
    if (failure !== undefined) return { status: 'FAILED', allocated, reason: failure };
    return { status: sum(pools) >= this.requested ? 'READY' : 'IN_PROGRESS', allocated };
  }

  close(): void {
    for (const pool of [...this.pools.values(), ...this.leaving]) this.drop(pool);
    this.pools.clear();
    this.leaving.clear();
  }

  private settle(): void {
    if (this.leaving.size === 0) return;
    const pools = [...this.pools.values()];
    if (pools.length === 0 || !pools.every((pool) => pool.isFull)) return;
    for (const pool of this.leaving) this.drop(pool);
    this.leaving.clear();
  }
}
