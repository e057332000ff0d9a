/** What is stored of a function beside its records, by qualifier; it goes with the function, the version or the alias. */
import type { StateStore } from '../../ports/state-store.ts';
import type { FunctionCompanion, FunctionTable, Joined } from './function-table.ts';
import { storedRecords } from './stored-records.ts';

/** A function as a whole, without a qualifier. */
export interface FunctionName {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
}

/**
 * All in memory for reading. Changes are made by `FunctionTable.change`, whose `joined` takes what `put` and
 * `remove` give, so that they follow the function's other changes and are on disk before they are seen.
 */
export class QualifiedTable<T> implements FunctionCompanion {
  private readonly tableName: string;
  /** By `account/region/name`, then by qualifier. */
  private readonly functions = new Map<string, Map<string, T>>();
  private readonly listeners: ((name: FunctionName) => void)[] = [];

  protected constructor(tableName: string) {
    this.tableName = tableName;
  }

  /** `tableName` is that of the state store. */
  static async open<T>(
    state: StateStore,
    functions: FunctionTable,
    tableName: string,
  ): Promise<QualifiedTable<T>> {
    return new QualifiedTable<T>(tableName).filled(state, functions);
  }

  protected async filled(state: StateStore, functions: FunctionTable): Promise<this> {
    for await (const { key, value } of storedRecords<T>(state, this.tableName)) {
      const end = key.lastIndexOf('/');
      this.remember(key.slice(0, end), key.slice(end + 1), value);
    }
    functions.accompany(this);
    return this;
  }

  /** `qualifier` is `$LATEST` for what belongs to the function itself. */
  get({ accountId, region, functionName }: FunctionName, qualifier: string): T | undefined {
    return this.valueOf(`${accountId}/${region}/${functionName}`, qualifier);
  }

  /** Everything of a function, by qualifier in order. */
  of(name: FunctionName): [qualifier: string, value: T][] {
    const held = this.functions.get(keyOf(name));
    return held === undefined ? [] : [...held].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Functions that something is stored of. */
  functionNames(): FunctionName[] {
    return [...this.functions.keys()].map(functionNameIn);
  }

  /** Called when something of the function has been stored or removed. */
  onChange(listener: (name: FunctionName) => void): void {
    this.listeners.push(listener);
  }

  /** Everything of every function. */
  *all(): Generator<T> {
    for (const held of this.functions.values()) yield* held.values();
  }

  put(name: FunctionName, qualifier: string, value: T): Joined {
    const key = keyOf(name);
    return {
      writes: [{ table: this.tableName, key: `${key}/${qualifier}`, value }],
      remember: () => this.remember(key, qualifier, value),
    };
  }

  remove(name: FunctionName, qualifier: string): Joined {
    return this.removal(keyOf(name), [qualifier]);
  }

  removalOf(functionKey: string, qualifiers: readonly string[] | undefined): Joined {
    const held = this.functions.get(functionKey);
    return this.removal(
      functionKey,
      (qualifiers ?? [...(held?.keys() ?? [])]).filter((one) => held?.has(one)),
    );
  }

  private removal(key: string, qualifiers: readonly string[]): Joined {
    return {
      writes: qualifiers.map((qualifier) => ({
        table: this.tableName,
        key: `${key}/${qualifier}`,
        delete: true,
      })),
      remember: () => {
        for (const qualifier of qualifiers) this.remember(key, qualifier, undefined);
      },
    };
  }

  protected valueOf(functionKey: string, qualifier: string): T | undefined {
    return this.functions.get(functionKey)?.get(qualifier);
  }

  /** Every value comes and goes here; `undefined` is a removal. */
  protected remember(key: string, qualifier: string, value: T | undefined): void {
    const held = this.functions.get(key) ?? new Map<string, T>();
    if (value === undefined) held.delete(qualifier);
    else held.set(qualifier, value);
    if (held.size === 0) this.functions.delete(key);
    else this.functions.set(key, held);
    for (const listener of this.listeners) listener(functionNameIn(key));
  }
}

function functionNameIn(key: string): FunctionName {
  const [accountId = '', region = '', functionName = ''] = key.split('/');
  return { accountId, region, functionName };
}

function keyOf({ accountId, region, functionName }: FunctionName): string {
  return `${accountId}/${region}/${functionName}`;
}
