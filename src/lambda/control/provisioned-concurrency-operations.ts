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
import { invalidParameter } from './lambda-errors.ts';
import { checkProvisionable, UNPUBLISHED } from './provisioned-target.ts';

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
        checkProvisionable(context, identifier);
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

/** Not recorded; so AWS's users quote it. */
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
