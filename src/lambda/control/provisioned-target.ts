/** What provisioned concurrency can be for. Words that are not recorded are those that AWS's users quote. */
import type { AliasRecord } from '../records/alias-table.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { conflict, invalidParameter } from './lambda-errors.ts';

export const UNPUBLISHED =
  'Provisioned Concurrency Configs cannot be applied to unpublished function versions.';

/** A version has its environments by its own number or by an alias, never by both. */
export function checkProvisionable(
  context: ControlContext,
  identifier: FunctionIdentifier & { readonly qualifier: string },
): void {
  const { aliases, concurrency } = context;
  const { functionName, qualifier } = identifier;
  checkSettings(findFunction(context, functionName, qualifier, identifier).record);
  const alias = aliases.get(identifier, qualifier);
  if (alias === undefined) {
    const isProvisioned = aliases
      .pointingTo(identifier, qualifier)
      .some((name) => concurrency.provisioned(identifier, name) !== undefined);
    if (isProvisioned) throw conflict('Version is pointed by a Provisioned Concurrency alias');
    return;
  }
  // CloudFormation meets it: an alias must not split its invocations when it comes to be provisioned.
  if (alias.additional !== undefined)
    throw invalidParameter('Invalid alias configuration for Provisioned Concurrency');
  checkAliasTargets(context, identifier, alias);
}

/** What an alias that is provisioned must not be changed to. That AWS refuses it with these words is not recorded. */
export function checkProvisionedAlias(
  context: ControlContext,
  identifier: FunctionIdentifier,
  alias: Pick<AliasRecord, 'functionVersion' | 'additional'>,
): void {
  const { qualifier } = identifier;
  if (qualifier === undefined || context.concurrency.provisioned(identifier, qualifier) === undefined) return;
  checkAliasTargets(context, identifier, alias);
}

function checkAliasTargets(
  { concurrency }: ControlContext,
  identifier: FunctionIdentifier,
  { functionVersion, additional }: Pick<AliasRecord, 'functionVersion' | 'additional'>,
): void {
  if (functionVersion === LATEST) throw invalidParameter(UNPUBLISHED);
  const versions = [functionVersion, ...(additional === undefined ? [] : [additional.version])];
  if (versions.some((version) => concurrency.provisioned(identifier, version) !== undefined)) {
    throw conflict(
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    );
  }
}

/** That AWS refuses these is in the developer guide, "Tenant isolation" and "SnapStart"; its words are not known. */
function checkSettings({ tenantIsolationMode, snapStartApplyOn, capacity }: FunctionRecord): void {
  if (tenantIsolationMode !== undefined)
    throw invalidParameter('Provisioned concurrency is not supported for functions with tenant isolation.');
  if (snapStartApplyOn !== 'None')
    throw invalidParameter('Provisioned concurrency is not supported for function versions with SnapStart.');
  if (capacity !== undefined)
    throw invalidParameter(
      'Provisioned concurrency is not supported for functions with a capacity provider.',
    );
}
