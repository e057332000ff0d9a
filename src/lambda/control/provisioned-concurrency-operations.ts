import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { ProvisionedSetting } from '../records/concurrency-settings.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn, functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import { LATEST } from '../records/function-record.ts';
import { existingAlias } from './alias-operations.ts';
import { changeConcurrency, checkUnreserved } from './concurrency-operations.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { pageByKey } from './keyed-page.ts';
import { conflict, invalidParameter } from './lambda-errors.ts';

type ProvisionedConcurrencyOperations = Required<
  Pick<
    LambdaOperations,
    | 'PutProvisionedConcurrencyConfig'
    | 'GetProvisionedConcurrencyConfig'
    | 'DeleteProvisionedConcurrencyConfig'
    | 'ListProvisionedConcurrencyConfigs'
  >
>;

interface Target {
  readonly FunctionName?: string | undefined;
  readonly Qualifier?: string | undefined;
}

export function provisionedConcurrencyOperations(context: ControlContext): ProvisionedConcurrencyOperations {
  const { concurrency } = context;
  return {
    async PutProvisionedConcurrencyConfig(input, caller) {
      const identifier = published(context, input, caller, UNPUBLISHED);
      const { qualifier } = identifier;
      const setting = {
        requested: input.ProvisionedConcurrentExecutions!,
        lastModifiedMs: context.clock.now(),
      };
      await changeConcurrency(context, identifier, () => {
        published(context, input, caller, UNPUBLISHED);
        checkTarget(context, identifier);
        checkRoom(context, identifier, setting.requested);
        return { joined: [concurrency.putProvisioned(identifier, qualifier, setting)] };
      });
      return configuration(context, identifier, setting);
    },

    async GetProvisionedConcurrencyConfig(input, caller) {
      const identifier = published(context, input, caller, NOT_PUBLISHED);
      const setting = concurrency.provisioned(identifier, identifier.qualifier);
      if (setting !== undefined) return configuration(context, identifier, setting);
      throw new AwsError(
        'ProvisionedConcurrencyConfigNotFoundException',
        'No Provisioned Concurrency Config found for this function',
        { Type: 'User' },
      );
    },

    async DeleteProvisionedConcurrencyConfig(input, caller) {
      const identifier = published(context, input, caller, NOT_PUBLISHED);
      const { qualifier } = identifier;
      await changeConcurrency(context, identifier, () =>
        concurrency.provisioned(identifier, qualifier) === undefined
          ? undefined
          : { joined: [concurrency.removeProvisioned(identifier, qualifier)] },
      );
      return {};
    },

    async ListProvisionedConcurrencyConfigs(input, caller) {
      const { identifier } = findFunction(context, input.FunctionName, undefined, caller);
      const all = concurrency.allProvisioned(identifier);
      const { page, next } = pageByKey(
        all,
        ([qualifier]) => qualifier,
        ([qualifier], after) => qualifier > after,
        input,
      );
      const ProvisionedConcurrencyConfigs = page.map(([qualifier, setting]) => ({
        FunctionArn: functionArn({ ...identifier, qualifier }),
        ...configuration(context, { ...identifier, qualifier }, setting),
      }));
      return { ProvisionedConcurrencyConfigs, ...next };
    },
  };
}

/** What is not stored of an unpublished version: words that AWS's users quote, of Put and of the others. */
const UNPUBLISHED = 'Provisioned Concurrency Configs cannot be applied to unpublished function versions.';
const NOT_PUBLISHED = 'The function resource provided must be an alias or a published version.';

type QualifiedIdentifier = FunctionIdentifier & { readonly qualifier: string };

/** The version or alias that is meant, which is there. */
function published(
  context: ControlContext,
  { FunctionName, Qualifier }: Target,
  caller: RequestContext,
  refusal: string,
): QualifiedIdentifier {
  const identifier = parseFunctionIdentifier(FunctionName ?? '', Qualifier, caller);
  const { accountId, region, functionName, qualifier = LATEST } = identifier;
  if (qualifier === LATEST) throw invalidParameter(refusal);
  const version = /^\d+$/.test(qualifier) ? qualifier : LATEST;
  if (context.table.find(accountId, region, functionName, version) === undefined)
    throw functionNotFound(identifier);
  if (version === LATEST) existingAlias(context, identifier);
  return { ...identifier, qualifier };
}

/** A version has its environments by its own number or by an alias, never by both. */
function checkTarget(context: ControlContext, identifier: QualifiedIdentifier): void {
  const { aliases, concurrency } = context;
  const { qualifier } = identifier;
  const { record } = findFunction(context, identifier.functionName, qualifier, identifier);
  // That AWS refuses it is in the developer guide, "Tenant isolation"; its words are not known.
  if (record.tenantIsolationMode !== undefined)
    throw invalidParameter('Provisioned concurrency is not supported for functions with tenant isolation.');
  const alias = aliases.get(identifier, qualifier);
  if (alias === undefined) {
    const isProvisioned = aliases
      .pointingTo(identifier, qualifier)
      .some((name) => concurrency.provisioned(identifier, name) !== undefined);
    if (isProvisioned) throw conflict('Version is pointed by a Provisioned Concurrency alias');
    return;
  }
  if (alias.functionVersion === LATEST) throw invalidParameter(UNPUBLISHED);
  // So users of CloudFormation quote AWS: an alias must not split its invocations when it is provisioned.
  if (alias.additional !== undefined)
    throw invalidParameter('Invalid alias configuration for Provisioned Concurrency');
  if (concurrency.provisioned(identifier, alias.functionVersion) !== undefined) {
    throw conflict(
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    );
  }
}

/** Provisioned concurrency lies within what the function has reserved, else within what the account has left. */
function checkRoom(context: ControlContext, identifier: QualifiedIdentifier, requested: number): void {
  const { concurrency } = context;
  const before = concurrency.provisioned(identifier, identifier.qualifier)?.requested ?? 0;
  const total = concurrency.provisionedTotal(identifier) - before + requested;
  const reserved = concurrency.reserved(identifier);
  if (reserved === undefined) checkUnreserved(context, identifier, total, 'ConcurrentExecutions');
  else if (total > reserved) {
    throw invalidParameter(
      'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
    );
  }
}

function configuration(
  { provisionedStatus }: ControlContext,
  identifier: QualifiedIdentifier,
  { requested, lastModifiedMs }: ProvisionedSetting,
) {
  const { status, allocated, reason } = provisionedStatus(identifier, identifier.qualifier);
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: allocated,
    AllocatedProvisionedConcurrentExecutions: allocated,
    Status: status,
    ...(reason === undefined ? {} : { StatusReason: reason }),
    // In whole seconds, as the API reference's examples have it.
    LastModified: new Date(lastModifiedMs).toISOString().replace(/\.\d{3}Z$/, '+0000'),
  };
}
