/**
 * Which environment runs an invocation: one pool per generation of a function version and, where the
 * function isolates its tenants, per tenant.
 */
import { cpus } from 'node:os';
import type { Clock, Timer } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { EnvironmentSpec, ExpectedEnvironment, Sandbox } from '../../ports/environment.ts';
import type { LogSink } from '../../ports/log-sink.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import { hasSnapStart } from '../records/function-record.ts';
import type { ManagedRecord } from '../records/managed-record.ts';
import { maxConcurrencyOf } from '../records/managed-record.ts';
import type { SnapshotProblem } from '../records/snapshot-problem.ts';
import type { EnvironmentOwner } from './environment.ts';
import { Environment } from './environment.ts';
import { EnvironmentLog } from './environment-log.ts';
import type { RoomLimits } from './environment-room.ts';
import { EnvironmentRoom, ROOM_INTERVAL_MS } from './environment-room.ts';
import { FunctionPool } from './function-pool.ts';
import type { RoleCredentials } from './function-variables.ts';
import { functionVariables } from './function-variables.ts';
import { IDLE_ENVIRONMENT_MS, SNAPSHOT_INIT_TIMEOUT_MS } from './invoke-limits.ts';
import type { ManagedStart } from './managed-instances.ts';
import type { InitializationType } from './platform-records.ts';
import type { PreparedFunction, PreparedFunctionsDependencies } from './prepared-functions.ts';
import { PreparedFunctions } from './prepared-functions.ts';
import { ProvisionedPool } from './provisioned-pool.ts';
import { Snapshots } from './snapshots.ts';
import { StartGate } from './start-gate.ts';

/** How often idle environments are looked through, milliseconds of service time. */
const REAP_INTERVAL_MS = 60_000;

/** Starts at once per core: two overlap one's waiting for the disk with another's work. */
const STARTS_PER_CORE = 2;

export interface PlacementDependencies extends PreparedFunctionsDependencies {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly sandbox: Sandbox;
  readonly logSink: LogSink;
  readonly directory: FunctionDirectory;
  /** This server as functions reach it; known once it listens. */
  readonly endpoint: () => string;
  readonly roleCredentials: (record: FunctionRecord) => RoleCredentials;
  /** The record with its variables as they can be read now, or with why not. */
  readonly readable: (record: FunctionRecord) => Promise<FunctionRecord>;
  /** See `FunctionUse.grow`. */
  readonly admitStart: (record: FunctionRecord) => () => void;
  /** Without it there is room for every environment. */
  readonly room?: RoomLimits;
}

/** Of an environment whose function is not known yet. */
const NO_CREDENTIALS: RoleCredentials = {
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  expiresMs: 0,
};

export class Placement {
  private readonly deps: PlacementDependencies;
  /** By generation, and by generation and tenant. */
  private readonly pools = new Map<string, FunctionPool>();
  /** Pools that were replaced and still have work. */
  private readonly draining = new Set<FunctionPool>();
  private readonly provisioned = new Set<ProvisionedPool>();
  private readonly gate = new StartGate(Math.max(2, cpus().length * STARTS_PER_CORE));
  /** Runtimes with sizes that were prepared for. */
  private readonly prepared = new Set<string>();
  private readonly functions: PreparedFunctions;
  private readonly snapshots: Snapshots;
  private isClosing = false;
  private reaper: Timer | undefined;
  private readonly room: EnvironmentRoom;
  private roomKeeper: Timer | undefined;

  constructor(deps: PlacementDependencies) {
    this.deps = deps;
    this.functions = new PreparedFunctions(deps);
    this.snapshots = new Snapshots({
      ...deps,
      isCurrent: ({ accountId, region, functionName, version, generation }) =>
        deps.directory.find(accountId, region, functionName, version)?.generation === generation,
      prepare: (record) => this.snapshotEnvironment(record),
    });
    this.room = new EnvironmentRoom(deps.room, () =>
      [...this.pools.values()].flatMap((pool) => pool.idleEnvironments),
    );
    deps.directory.onChange((before, after) => {
      if (before !== undefined && before.generation !== after?.generation) this.retire(before.generation);
      if (after !== undefined && after.generation !== before?.generation) this.prepareFor(after);
    });
  }

  /** Makes ready, in the background, what the environments of the stored functions will need. */
  prepareRuntimes(): void {
    for (const record of this.deps.directory.all()) this.prepareFor(record);
  }

  /** An environment that has served no other tenant than this one, where one is named. */
  acquire(record: FunctionRecord, tenantId: string | undefined): Environment | Promise<Environment> {
    const key = tenantId === undefined ? record.generation : `${record.generation} ${tenantId}`;
    return (this.pools.get(key) ?? this.open(key, record)).acquire();
  }

  /** Environments alive now, of all functions. */
  get environmentCount(): number {
    let count = 0;
    for (const pool of this.pools.values()) count += pool.size;
    for (const pool of this.draining) count += pool.size;
    for (const pool of this.provisioned) count += pool.size;
    return count;
  }

  async close(): Promise<void> {
    this.isClosing = true;
    this.reaper?.cancel();
    this.roomKeeper?.cancel();
    const pools = [...this.pools.values(), ...this.draining, ...this.provisioned];
    await Promise.all(pools.map((pool) => pool.close()));
    await this.snapshots.close();
  }

  /** Takes the snapshot of a version with SnapStart; resolves with why there can be none. */
  takeSnapshot(record: FunctionRecord): Promise<SnapshotProblem | undefined> {
    return this.snapshots.take(record);
  }

  private open(key: string, record: FunctionRecord): FunctionPool {
    const source = this.source(record);
    const pool = new FunctionPool(record, {
      clock: this.deps.clock,
      gate: this.gate,
      admitStart: this.deps.admitStart,
      create: (_, owner) => source.create(owner, hasSnapStart(record) ? 'snap-start' : 'on-demand'),
      onEmpty: () => {
        this.draining.delete(pool);
        source.release();
      },
    });
    this.pools.set(key, pool);
    return pool;
  }

  /** An empty pool of environments that are initialised ahead; `onChange` is called when there are more or fewer. */
  provision(record: FunctionRecord, onChange: () => void): ProvisionedPool {
    const source = this.source(record);
    const pool = new ProvisionedPool(record, {
      clock: this.deps.clock,
      create: (owner) => source.create(owner, 'provisioned-concurrency'),
      onChange,
      onEmpty: () => {
        this.provisioned.delete(pool);
        source.release();
      },
    });
    this.provisioned.add(pool);
    return pool;
  }

  /** Makes environments of what is prepared once, for the first of them, and given back once. */
  private source(record: FunctionRecord) {
    let prepared: Promise<PreparedFunction> | undefined;
    return {
      create: async (owner: EnvironmentOwner, initializationType: InitializationType) => {
        prepared ??= this.functions.acquire(record).catch((error: unknown) => {
          prepared = undefined;
          throw error;
        });
        const [ready, readable] = await Promise.all([prepared, this.deps.readable(record)]);
        const place = await this.room.admit(record);
        try {
          const environment = this.createEnvironment(readable, ready, owner, initializationType);
          place.take(environment);
          return environment;
        } finally {
          place.release();
        }
      },
      release: () => {
        if (prepared !== undefined) this.functions.release(record);
        prepared = undefined;
      },
    };
  }

  private async snapshotEnvironment(record: FunctionRecord) {
    const initTimeoutMs = Math.max(SNAPSHOT_INIT_TIMEOUT_MS, record.timeoutSeconds * 1_000);
    return { ...(await this.startOf(record, 'snap-start')), initTimeoutMs };
  }

  /** What an environment on managed instances is started from. */
  async managedStart(record: ManagedRecord): Promise<ManagedStart> {
    const { spec, log, release } = await this.startOf(record, 'lambda-managed-instances');
    try {
      const place = await this.room.admit(record);
      return { spec: { ...spec, maxConcurrency: maxConcurrencyOf(record) }, log, place, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** What one environment is started from, of what is given back when it has ended. */
  private async startOf(record: FunctionRecord, initializationType: InitializationType) {
    const prepared = await this.functions.acquire(record);
    const release = (): void => this.functions.release(record);
    try {
      const readable = await this.deps.readable(record);
      return { ...this.describe(readable, prepared, initializationType), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  private retire(generation: string): void {
    this.snapshots.retire(generation);
    for (const [key, pool] of this.pools) if (pool.record.generation === generation) this.drain(key, pool);
  }

  private drain(key: string, pool: FunctionPool): void {
    this.pools.delete(key);
    this.draining.add(pool);
    pool.drain();
  }

  /** Makes ready what such a function's environments need, and lets the sandbox start one ahead. */
  private prepareFor(record: FunctionRecord): void {
    const { runtime, memoryMb, ephemeralStorageMb } = record;
    const need = `${runtime} ${memoryMb} ${ephemeralStorageMb}`;
    if (runtime === undefined || this.prepared.has(need)) return;
    this.prepared.add(need);
    const prepare = async (): Promise<void> => {
      const resolution = await this.deps.catalog.resolve(runtime);
      // A runtime may take minutes to fetch; by then there may be no sandbox any more.
      if (this.isClosing) return;
      if (!resolution.available) this.prepared.delete(need);
      else await this.deps.sandbox.prepare(resolution.installation, this.expected(record));
    };
    // Whoever starts an environment hears what is wrong.
    void prepare().catch(() => this.prepared.delete(need));
  }

  private expected(record: FunctionRecord): ExpectedEnvironment {
    return {
      memoryMb: record.memoryMb,
      ephemeralStorageMb: record.ephemeralStorageMb,
      endpoint: this.deps.endpoint(),
      variables: functionVariables(record, '', NO_CREDENTIALS),
    };
  }

  /** What is to be started, and where it is told of. */
  private describe(
    record: FunctionRecord,
    prepared: PreparedFunction,
    initializationType: InitializationType,
  ): { readonly spec: EnvironmentSpec; readonly log: EnvironmentLog } {
    const { clock, ids, logSink } = this.deps;
    const { environmentError: unreadable } = record;
    if (unreadable !== undefined) throw new AwsError(unreadable.code, unreadable.message, { Type: 'User' });
    const environmentId = ids.hex(16);
    const roleCredentials = (): RoleCredentials => this.deps.roleCredentials(record);
    const stream = logStreamName(clock.now(), record.version, environmentId);
    const spec: EnvironmentSpec = {
      environmentId,
      installation: prepared.installation,
      codeDirectory: prepared.codeDirectory,
      ...(prepared.compiledFile === undefined ? {} : { compiledFile: prepared.compiledFile }),
      ...(prepared.image === undefined ? {} : { image: prepared.image }),
      ...(prepared.layersDirectory === undefined ? {} : { layersDirectory: prepared.layersDirectory }),
      handler: record.handler ?? '',
      accountId: record.accountId,
      variables: functionVariables(record, stream, roleCredentials(), initializationType),
      ...(initializationType === 'snap-start'
        ? { credentials: { token: this.snapshots.credentialToken(record), current: roleCredentials } }
        : {}),
      endpoint: this.deps.endpoint(),
      memoryMb: record.memoryMb,
      ephemeralStorageMb: record.ephemeralStorageMb,
      logFormat: record.logging.format === 'JSON' ? 'json' : 'text',
    };
    return { spec, log: new EnvironmentLog(logSink, clock, record, stream, initializationType) };
  }

  private createEnvironment(
    record: FunctionRecord,
    prepared: PreparedFunction,
    owner: EnvironmentOwner,
    initializationType: InitializationType,
  ): Environment {
    const { clock, sandbox } = this.deps;
    const { spec, log } = this.describe(record, prepared, initializationType);
    const snapshot = initializationType === 'snap-start' ? { snapshot: this.snapshots.source(record) } : {};
    // The reaper rests while there is nothing to reap.
    this.scheduleReaping();
    this.scheduleRoomKeeping();
    return new Environment({ clock, sandbox, log, initializationType, ...snapshot }, record, spec, owner);
  }

  private scheduleRoomKeeping(): void {
    if (this.roomKeeper !== undefined || this.deps.room === undefined) return;
    this.roomKeeper = this.deps.clock.at(this.deps.clock.now() + ROOM_INTERVAL_MS, async () => {
      this.roomKeeper = undefined;
      await this.room.keepMemory();
      if (this.environmentCount > 0) this.scheduleRoomKeeping();
    });
  }

  private scheduleReaping(): void {
    if (this.reaper !== undefined) return;
    this.reaper = this.deps.clock.at(this.deps.clock.now() + REAP_INTERVAL_MS, async () => {
      this.reaper = undefined;
      const beforeMs = this.deps.clock.now() - IDLE_ENVIRONMENT_MS;
      await Promise.all([...this.pools.values()].map((pool) => pool.reap(beforeMs)));
      // Tenants come and go; a pool that was left by its last environment would stay for each of them.
      for (const [key, pool] of this.pools) if (pool.isUnused) this.drain(key, pool);
      if (this.environmentCount > 0) this.scheduleReaping();
    });
  }
}

/** AWS's form: `2026/11/23/[$LATEST]` and 32 hexadecimal digits. */
function logStreamName(nowMs: number, version: string, environmentId: string): string {
  return `${new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '/')}/[${version}]${environmentId}`;
}
