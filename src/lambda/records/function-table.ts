/** Stored functions: all in memory for reading, every change on disk before it is seen. */
import { AwsError, invariant } from '../../core/errors.ts';
import { Turns } from '../../core/turns.ts';
import type { StateStore, StateWrite } from '../../ports/state-store.ts';
import { RevisionConflict } from '../../ports/state-store.ts';
import type { EnvironmentCipher } from './environment-cipher.ts';
import { hasOwnKey } from './environment-cipher.ts';
import type { FunctionDirectory, FunctionRecord, VersionName } from './function-record.ts';
import { packagesOf, versionOrder } from './function-record.ts';
import { PackageUses } from './package-uses.ts';
import { storedRecords } from './stored-records.ts';

const FUNCTIONS = 'lambda.function';
const META = 'lambda.function-meta';

/** What belongs to a function as a whole rather than to one of its versions. */
export interface FunctionMeta {
  readonly tags: Readonly<Record<string, string>>;
  /** The number that the last published version got; numbers are never used twice. */
  readonly lastVersion: number;
  /** What `$LATEST` had as its description then; the version may have got another one. */
  readonly publishedDescription?: string;
}

type ChangeListener = (before: FunctionRecord | undefined, after: FunctionRecord | undefined) => void;

/** A record on disk, where variables are encrypted. */
interface StoredFunction extends Omit<FunctionRecord, 'environment' | 'environmentError'> {
  readonly sealedEnvironment?: string;
}

interface Held {
  readonly record: FunctionRecord;
  readonly revision: number;
  /** The variables as they are stored. */
  readonly sealed: string | undefined;
}

interface HeldFunction {
  readonly versions: Map<VersionName, Held>;
  meta: FunctionMeta;
}

export interface FunctionChange {
  /** Records to store; those of the same function only. */
  readonly put?: readonly FunctionRecord[];
  readonly remove?: readonly VersionName[];
  readonly meta?: FunctionMeta;
  /** Aliases that go, with all that is stored of them. */
  readonly removeAliases?: readonly string[];
  /** Changes of what accompanies the function, stored in the same commit. */
  readonly joined?: readonly Joined[];
}

/** A change of a table beside this one: what is written, and what is done once it is. */
export interface Joined {
  readonly writes: readonly StateWrite[];
  remember(): void;
}

/** A table of what belongs to functions, their versions and their aliases, and goes with them. */
export interface FunctionCompanion {
  /** Takes away what is stored of these versions and aliases, or (undefined) of all and of the function itself. */
  removalOf(functionKey: string, qualifiers: readonly string[] | undefined): Joined;
}

const NO_META: FunctionMeta = { tags: {}, lastVersion: 0 };

export class FunctionTable implements FunctionDirectory {
  private readonly state: StateStore;
  private readonly cipher: EnvironmentCipher;
  /** By `account/region/name`. */
  private readonly functions = new Map<string, HeldFunction>();
  private readonly listeners: ChangeListener[] = [];
  private readonly companions: FunctionCompanion[] = [];
  /** Packages of code and of layers. */
  private readonly codeUses = new PackageUses();
  /** Names of each account and region in order; made anew when a name came or went. */
  private readonly sortedNames = new Map<string, string[]>();
  /** Changes of one function follow one another. */
  private readonly turns = new Turns();

  private constructor(state: StateStore, cipher: EnvironmentCipher) {
    this.state = state;
    this.cipher = cipher;
  }

  static async open(state: StateStore, cipher: EnvironmentCipher): Promise<FunctionTable> {
    const table = new FunctionTable(state, cipher);
    for await (const { value, revision } of storedRecords<StoredFunction>(state, FUNCTIONS)) {
      const { accountId, region, functionName, version } = value;
      const key = `${accountId}/${region}/${functionName}`;
      const held = table.functions.get(key) ?? newlyHeld();
      table.functions.set(key, held);
      const { sealedEnvironment: sealed, ...stored } = value;
      const record = sealed === undefined ? stored : await table.unsealed(stored, sealed);
      held.versions.set(version, { record, revision, sealed });
      table.countCode(undefined, record);
    }
    for await (const { key, value } of storedRecords<FunctionMeta>(state, META)) {
      const held = table.functions.get(key);
      if (held !== undefined) held.meta = value;
    }
    return table;
  }

  find(
    accountId: string,
    region: string,
    functionName: string,
    version: VersionName,
  ): FunctionRecord | undefined {
    return this.functions.get(`${accountId}/${region}/${functionName}`)?.versions.get(version)?.record;
  }

  meta(accountId: string, region: string, functionName: string): FunctionMeta {
    return this.functions.get(`${accountId}/${region}/${functionName}`)?.meta ?? NO_META;
  }

  /** `$LATEST` first, then published versions by number. */
  versions(accountId: string, region: string, functionName: string): FunctionRecord[] {
    const held = this.functions.get(`${accountId}/${region}/${functionName}`);
    if (held === undefined) return [];
    return [...held.versions.values()]
      .map(({ record }) => record)
      .sort((a, b) => versionOrder(a.version) - versionOrder(b.version));
  }

  /** Names of functions in order. */
  names(accountId: string, region: string): readonly string[] {
    const scope = `${accountId}/${region}/`;
    let names = this.sortedNames.get(scope);
    if (names === undefined) {
      names = [...this.functions.keys()]
        .filter((key) => key.startsWith(scope))
        .map((key) => key.slice(scope.length));
      names.sort();
      this.sortedNames.set(scope, names);
    }
    return names;
  }

  /**
   * The record with its variables as its KMS key lets them be read now; where it does not, with
   * `environmentError` in their place. Only a key of the function's own is asked: that of the account is always there.
   */
  async readable(record: FunctionRecord): Promise<FunctionRecord> {
    const sealed = hasOwnKey(record) ? this.held(record)?.sealed : undefined;
    return sealed === undefined ? record : this.unsealed(record, sealed);
  }

  /** Every record, for what must be taken up again after a start. */
  *all(): Generator<FunctionRecord> {
    for (const { versions } of this.functions.values())
      for (const { record } of versions.values()) yield record;
  }

  /** Whether a record refers to the package. */
  usesCode(blob: string): boolean {
    return this.codeUses.has(blob);
  }

  onChange(listener: ChangeListener): void {
    this.listeners.push(listener);
  }

  /** From now on what the companion has of a function goes with it, in one commit. */
  accompany(companion: FunctionCompanion): void {
    this.companions.push(companion);
  }

  /**
   * Decides and stores a change of one function while no other change of it happens; what `decide`
   * throws is passed on and nothing is stored.
   */
  change(
    accountId: string,
    region: string,
    functionName: string,
    decide: () => FunctionChange | undefined,
  ): Promise<void> {
    const key = `${accountId}/${region}/${functionName}`;
    return this.turns.run(key, async () => {
      await this.readAgain(key);
      const change = decide();
      if (change !== undefined) await this.apply(key, change);
    });
  }

  private async apply(key: string, change: FunctionChange): Promise<void> {
    const held = this.functions.get(key);
    const put = change.put ?? [];
    const remove = (change.remove ?? []).filter((version) => held?.versions.has(version));
    const remaining = (held?.versions.size ?? 0) - remove.length + put.length;
    const sealed = await Promise.all(put.map((record) => this.sealedOf(held, record)));
    const writes: StateWrite[] = [
      ...put.map((record, index) => ({
        table: FUNCTIONS,
        key: `${key}/${record.version}`,
        value: stored(record, sealed[index]),
        ifRevision: held?.versions.get(record.version)?.revision ?? 0,
      })),
      ...remove.map((version) => ({
        table: FUNCTIONS,
        key: `${key}/${version}`,
        delete: true as const,
        ifRevision: held!.versions.get(version)!.revision,
      })),
    ];
    if (remaining === 0) writes.push({ table: META, key, delete: true });
    else if (change.meta !== undefined) writes.push({ table: META, key, value: change.meta });
    const gone = [...remove, ...(change.removeAliases ?? [])];
    const joined = [
      ...(change.joined ?? []),
      ...(remaining === 0 || gone.length > 0
        ? this.companions.map((companion) => companion.removalOf(key, remaining === 0 ? undefined : gone))
        : []),
    ];
    for (const { writes: more } of joined) writes.push(...more);
    const revisions = await this.state.commit(writes).catch((error: unknown) => {
      invariant(!(error instanceof RevisionConflict), `another process changed ${key}`);
      throw error;
    });
    for (const one of joined) one.remember();
    this.remember(key, { put, sealed, remove, meta: change.meta, revisions });
  }

  private held({ accountId, region, functionName, version }: FunctionRecord): Held | undefined {
    return this.functions.get(`${accountId}/${region}/${functionName}`)?.versions.get(version);
  }

  /** What could not be read when it was needed last may be by now: changes are decided by what is so. */
  private async readAgain(key: string): Promise<void> {
    const versions = this.functions.get(key)?.versions ?? new Map<VersionName, Held>();
    for (const [version, held] of versions) {
      if (held.record.environmentError === undefined || held.sealed === undefined) continue;
      versions.set(version, { ...held, record: await this.unsealed(held.record, held.sealed) });
    }
  }

  private async unsealed(record: FunctionRecord, sealed: string): Promise<FunctionRecord> {
    const { environment: _, environmentError: __, ...rest } = record;
    try {
      return { ...rest, environment: await this.cipher.open(record, sealed) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { ...rest, environmentError: { code: error.code, message: error.message } };
    }
  }

  /** What is stored of the variables: as before, where neither they nor the key have changed. */
  private async sealedOf(
    held: HeldFunction | undefined,
    record: FunctionRecord,
  ): Promise<string | undefined> {
    for (const { record: before, sealed } of held?.versions.values() ?? []) {
      const isSame =
        before.environment === record.environment &&
        before.environmentError === record.environmentError &&
        before.kmsKeyArn === record.kmsKeyArn;
      if (isSame && sealed !== undefined) return sealed;
    }
    // With another key they would be gone.
    const { environmentError: unreadable } = record;
    if (unreadable !== undefined) throw new AwsError(unreadable.code, unreadable.message, { Type: 'User' });
    return record.environment === undefined ? undefined : this.cipher.seal(record, record.environment);
  }

  private remember(
    key: string,
    {
      put,
      sealed,
      remove,
      meta,
      revisions,
    }: {
      readonly put: readonly FunctionRecord[];
      readonly sealed: readonly (string | undefined)[];
      readonly remove: readonly VersionName[];
      readonly meta: FunctionMeta | undefined;
      readonly revisions: readonly number[];
    },
  ): void {
    const isNew = !this.functions.has(key);
    const held = this.functions.get(key) ?? newlyHeld();
    if (meta !== undefined) held.meta = meta;
    const changes: [FunctionRecord | undefined, FunctionRecord | undefined][] = [];
    for (const [index, record] of put.entries()) {
      changes.push([held.versions.get(record.version)?.record, record]);
      held.versions.set(record.version, { record, revision: revisions[index]!, sealed: sealed[index] });
    }
    for (const version of remove) {
      changes.push([held.versions.get(version)?.record, undefined]);
      held.versions.delete(version);
    }
    if (held.versions.size === 0) this.functions.delete(key);
    else this.functions.set(key, held);
    if (isNew || held.versions.size === 0) this.sortedNames.delete(key.slice(0, key.lastIndexOf('/') + 1));
    for (const [before, after] of changes) this.countCode(before, after);
    for (const [before, after] of changes) for (const listener of this.listeners) listener(before, after);
  }

  private countCode(before: FunctionRecord | undefined, after: FunctionRecord | undefined): void {
    if (before !== undefined) this.codeUses.count(packagesOf(before), -1);
    if (after !== undefined) this.codeUses.count(packagesOf(after), 1);
  }
}

function stored(record: FunctionRecord, sealedEnvironment: string | undefined): StoredFunction {
  const { environment: _, environmentError: __, ...rest } = record;
  return sealedEnvironment === undefined ? rest : { ...rest, sealedEnvironment };
}

function newlyHeld(): HeldFunction {
  return { versions: new Map(), meta: NO_META };
}
