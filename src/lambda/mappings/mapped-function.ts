import type { AliasDirectory } from '../records/alias-table.ts';
import { functionNotFound } from '../records/function-identifier.ts';
import type { FunctionDirectory, FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import { identifierOf } from './mapping-description.ts';

export interface MappedFunctionDependencies {
  readonly directory: FunctionDirectory;
  readonly aliases: AliasDirectory;
}

/** The function of a mapping, by a version that its alias means where it names one. Throws where there is none. */
export function mappedFunction(deps: MappedFunctionDependencies, mapping: MappingRecord): FunctionRecord {
  const { accountId, region, functionName, qualifier = LATEST } = mapping;
  const find = (version: string): FunctionRecord | undefined =>
    deps.directory.find(accountId, region, functionName, version);
  const version = deps.aliases.chooseVersion(mapping, qualifier);
  const record = find(qualifier) ?? (version === undefined ? undefined : find(version));
  if (record === undefined) throw functionNotFound(identifierOf(mapping));
  return record;
}
