/** The environments of functions on managed instances, whose instances are this host. */
import type { Clock } from '../../core/clock.ts';
import type { EnvironmentSpec, Sandbox } from '../../ports/environment.ts';
import { notImplemented } from '../control/lambda-errors.ts';
import type { CapacityProviderTable } from '../records/capacity-provider-table.ts';
import type { FunctionScaling } from '../records/function-capacity.ts';
import { DEFAULT_SCALING } from '../records/function-capacity.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ManagedRecord } from '../records/managed-record.ts';
import { isManaged, vcpusOf } from '../records/managed-record.ts';
import type { QualifiedTable } from '../records/qualified-table.ts';
import type { SnapshotProblem } from '../records/snapshot-problem.ts';
import type { EnvironmentLog } from './environment-log.ts';
import type { Place } from './environment-room.ts';
import type { Invocation } from './in-flight-invocation.ts';
import type { ManagedOwner } from './managed-environment.ts';
import { ManagedEnvironment } from './managed-environment.ts';
import { ManagedPool } from './managed-pool.ts';
import type { InvocationOutcome } from './outcome.ts';

/** All that an environment is started from. Whoever got it gives it back when the environment has ended. */
export interface ManagedStart {
  readonly spec: EnvironmentSpec;
  readonly log: EnvironmentLog;
  readonly place: Place;
  release(): void;
}

export interface ManagedInstancesDependencies {
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly directory: FunctionDirectory;
  readonly scaling: Pick<QualifiedTable<FunctionScaling>, 'get' | 'onChange'>;
  readonly providers: Pick<CapacityProviderTable, 'find'>;
  readonly placement: { managedStart(record: ManagedRecord): Promise<ManagedStart> };
  /** What is thrown where no environment has room for an event. */
  readonly throttled: (record: FunctionRecord) => Error;
}

export class ManagedInstances {
  private readonly deps: ManagedInstancesDependencies;
  /** By generation. */
  private readonly pools = new Map<string, ManagedPool>();
  private readonly draining = new Set<ManagedPool>();

  constructor(deps: ManagedInstancesDependencies) {
    this.deps = deps;
    deps.directory.onChange((before, after) => {
      if (before === undefined) return;
      const isGone = before.generation !== after?.generation || after.state === 'Deactivated';
      if (isGone) this.retire(before.generation);
    });
    deps.scaling.onChange(({ accountId, region, functionName }) => {
      for (const pool of this.pools.values()) {
        const { record } = pool;
        const isOf = record.accountId === accountId && record.region === region;
        if (isOf && record.functionName === functionName) pool.rescale(this.scalingOf(record));
      }
    });
  }

  /** Environments alive now, of all functions. */
  get environmentCount(): number {
    return [...this.pools.values(), ...this.draining].reduce((count, { size }) => count + size, 0);
  }

  /** Starts those of the versions that are Active; until the server listens they could not reach it. */
  begin(): void {
    for (const record of this.deps.directory.all())
      if (isManaged(record) && record.version !== LATEST && record.state === 'Active')
        void this.pool(record).begin();
  }

  /** Resolves when a version has the environments that it is to have at least, or with why not. */
  async start(record: ManagedRecord): Promise<SnapshotProblem | undefined> {
    const problem = await this.pool(record).begin();
    if (problem !== undefined) this.retire(record.generation);
    return problem;
  }

  /** Throws AWS's error where no environment has room. */
  async invoke(record: ManagedRecord, event: Invocation): Promise<InvocationOutcome> {
    if (event.wantsLogTail) throw notImplemented('Invoke', 'LogType Tail with CapacityProviderConfig');
    const pool = this.pools.get(record.generation);
    // After the server's own start, which AWS has no like of.
    if (pool?.isSettled === false) await pool.begin();
    const environment = pool?.take(event.requestId);
    if (environment === undefined) throw this.deps.throttled(record);
    return environment.invoke(event);
  }

  async close(): Promise<void> {
    await Promise.all([...this.pools.values(), ...this.draining].map((pool) => pool.close()));
  }

  private pool(record: ManagedRecord): ManagedPool {
    return this.pools.get(record.generation) ?? this.open(record);
  }

  private open(record: ManagedRecord): ManagedPool {
    const pool = new ManagedPool(record, this.scalingOf(record), {
      clock: this.deps.clock,
      create: (owner) => this.create(record, owner),
      noRoom: () => this.noRoom(record),
      onEmpty: () => this.draining.delete(pool),
    });
    this.pools.set(record.generation, pool);
    return pool;
  }

  private async create(record: ManagedRecord, owner: ManagedOwner): Promise<ManagedEnvironment> {
    const { spec, log, place, release } = await this.deps.placement.managedStart(record);
    const environment = new ManagedEnvironment({ ...this.deps, log }, record, spec, {
      onFree: (one) => owner.onFree(one),
      onStopping: (one) => owner.onStopping(one),
      onDead: (one) => {
        release();
        owner.onDead(one);
      },
    });
    place.take(environment);
    return environment;
  }

  private scalingOf(record: ManagedRecord): FunctionScaling {
    return this.deps.scaling.get(record, record.version) ?? DEFAULT_SCALING;
  }

  private noRoom(record: ManagedRecord): string | undefined {
    const { providerArn } = record.capacity;
    const provider = this.deps.providers.find(providerArn);
    if (provider === undefined) return `The capacity provider ${providerArn} does not exist.`;
    let vcpus = vcpusOf(record);
    for (const pool of [...this.pools.values(), ...this.draining])
      if (pool.record.capacity.providerArn === providerArn) vcpus += pool.size * vcpusOf(pool.record);
    if (vcpus <= provider.maxVcpus) return undefined;
    return `The capacity provider ${providerArn} has no more room: its MaxVCpuCount is ${provider.maxVcpus}.`;
  }

  private retire(generation: string): void {
    const pool = this.pools.get(generation);
    if (pool === undefined) return;
    this.pools.delete(generation);
    this.draining.add(pool);
    pool.drain();
  }
}
