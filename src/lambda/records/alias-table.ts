/** Stored aliases: names that point to versions of a function. */
import type { StateStore } from '../../ports/state-store.ts';
import type { VersionName } from './function-record.ts';
import type { FunctionTable } from './function-table.ts';
import type { FunctionName } from './qualified-table.ts';
import { QualifiedTable } from './qualified-table.ts';

export interface AliasRecord {
  readonly name: string;
  readonly functionVersion: VersionName;
  readonly description: string;
  /** A second version, and the share of invocations that it gets: 0 to 1. */
  readonly additional?: { readonly version: VersionName; readonly weight: number };
  readonly revisionId: string;
}

/** What invoking needs of aliases. */
export interface AliasDirectory {
  /** The version that an invocation of the alias is for; undefined where there is no such alias. */
  chooseVersion(name: FunctionName, alias: string): VersionName | undefined;
}

export class AliasTable extends QualifiedTable<AliasRecord> implements AliasDirectory {
  private readonly random: () => number;

  private constructor(random: () => number) {
    super('lambda.alias');
    this.random = random;
  }

  /** `random` gives numbers in [0, 1): they choose between the two versions of an alias. */
  static async openAliases(
    state: StateStore,
    functions: FunctionTable,
    random: () => number,
  ): Promise<AliasTable> {
    return new AliasTable(random).filled(state, functions);
  }

  chooseVersion(name: FunctionName, alias: string): VersionName | undefined {
    const record = this.get(name, alias);
    if (record?.additional === undefined) return record?.functionVersion;
    return this.random() < record.additional.weight ? record.additional.version : record.functionVersion;
  }

  /** Names of the aliases that send invocations to the version, in order. */
  pointingTo(name: FunctionName, version: VersionName): string[] {
    return this.of(name)
      .filter(([, alias]) => pointsTo(alias, version))
      .map(([alias]) => alias);
  }
}

export function pointsTo({ functionVersion, additional }: AliasRecord, version: VersionName): boolean {
  return functionVersion === version || additional?.version === version;
}
