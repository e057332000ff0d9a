/**
 * The snapshots of published versions with SnapStart, by generation. They live in processes: a server that starts takes
 * them anew before its versions are Active again, and one that has ended unexpectedly is taken anew for whoever needs it.
 */
import { PlatformError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import type { SnapshotProblem } from '../records/snapshot-problem.ts';
import type { SnapshotSource } from './restore-phase.ts';
import type { SnapshotEnvironment, VersionSnapshotDependencies } from './version-snapshot.ts';
import { INTERRUPTED, VersionSnapshot } from './version-snapshot.ts';

const CREDENTIAL_TOKEN_BYTES = 32;

export interface SnapshotsDependencies extends VersionSnapshotDependencies {
  readonly ids: Ids;
  /** Whether the version is there as it was: of one that has been deleted nobody would end the snapshot. */
  isCurrent(record: FunctionRecord): boolean;
  /** `release` gives back what the environment runs. Rejects when code or runtime cannot be had. */
  prepare(record: FunctionRecord): Promise<SnapshotEnvironment & { release(): void }>;
}

interface Taken {
  readonly snapshot: VersionSnapshot;
  readonly problem: Promise<SnapshotProblem | undefined>;
}

export class Snapshots {
  private readonly deps: SnapshotsDependencies;
  private readonly taken = new Map<string, Taken>();
  private readonly credentialTokens = new Map<string, string>();
  /** All that has not ended. */
  private readonly living = new Set<VersionSnapshot>();
  private isClosed = false;

  constructor(deps: SnapshotsDependencies) {
    this.deps = deps;
  }

  /** Takes the snapshot of a version, where it is not there; resolves with why there can be none. */
  async take(record: FunctionRecord): Promise<SnapshotProblem | undefined> {
    return this.canBeHad(record) ? this.of(record).problem : INTERRUPTED;
  }

  source(record: FunctionRecord): SnapshotSource {
    let used: Taken | undefined;
    return {
      discard: async () => {
        // Another environment may have done so, and a new one be there.
        if (this.taken.get(record.generation) === used) this.taken.delete(record.generation);
        await used?.snapshot.close();
      },
      restore: async (spec, listener) => {
        used = this.canBeHad(record) ? this.of(record) : undefined;
        const found = used === undefined ? INTERRUPTED : await used.problem;
        if (used !== undefined && found === undefined) return used.snapshot.restore(spec, listener);
        throw new PlatformError(
          `Version ${record.version} of ${record.functionName} has no snapshot: ${found?.reason}`,
          'Publish the version anew.',
        );
      },
    };
  }

  /** By which its environments, whose variables are those of the snapshot, fetch their credentials. */
  credentialToken({ generation }: FunctionRecord): string {
    const token = this.credentialTokens.get(generation) ?? this.deps.ids.hex(CREDENTIAL_TOKEN_BYTES);
    this.credentialTokens.set(generation, token);
    return token;
  }

  /** No environment will be restored from it any more; it ends with the last one that was. */
  retire(generation: string): void {
    this.taken.get(generation)?.snapshot.retire();
    this.taken.delete(generation);
    this.credentialTokens.delete(generation);
  }

  /** Ends all of them, and what was restored from them. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.living].map((snapshot) => snapshot.close()));
    await Promise.allSettled([...this.taken.values()].map(({ problem }) => problem));
  }

  private canBeHad(record: FunctionRecord): boolean {
    return !this.isClosed && this.deps.isCurrent(record);
  }

  private of(record: FunctionRecord): Taken {
    const { generation } = record;
    const known = this.taken.get(generation);
    if (known !== undefined) return known;
    const forget = (): void => {
      this.living.delete(snapshot);
      if (this.taken.get(generation)?.snapshot === snapshot) this.taken.delete(generation);
    };
    const ended = Promise.withResolvers<void>();
    const snapshot = new VersionSnapshot(this.deps, ended.resolve);
    const problem = this.deps.prepare(record).then(async (environment) => {
      void ended.promise.then(environment.release).finally(forget);
      const found = await snapshot.take(environment).catch((error: unknown) => {
        ended.resolve();
        throw error;
      });
      // It has not come to be, or has ended.
      if (found !== undefined) ended.resolve();
      return found;
    });
    problem.catch(forget);
    this.living.add(snapshot);
    const taken = { snapshot, problem };
    this.taken.set(generation, taken);
    return taken;
  }
}
