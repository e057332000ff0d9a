import type { CreateFunctionRequest, FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { CodeReference, FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { MAX_NAME_CHARACTERS } from './control-limits.ts';
import { checkDurableKey } from './durable-key.ts';
import { checkCapacity } from './function-capacity-settings.ts';
import { checkStorage } from './function-code.ts';
import { withSigningConfig } from './function-code-signing.ts';
import { functionConfiguration } from './function-configuration.ts';
import { checkPackageSettings, withCode } from './function-image.ts';
import type { FunctionSettings } from './function-settings.ts';
import { checkArchitectures, newSettings } from './function-settings.ts';
import { CREATING } from './function-states.ts';
import { conflict, constraintText, invalidParameter, notAuthorized } from './lambda-errors.ts';
import { checkCombinedSize, withLayers } from './layer-references.ts';
import { publication } from './new-version.ts';
import { checkTags } from './resource-tags.ts';
import { checkSnapStart } from './snap-start.ts';

export function createFunctionOperation(
  context: ControlContext,
): Required<Pick<LambdaOperations, 'CreateFunction'>> {
  return {
    async CreateFunction(input, caller) {
      const identifier = parseFunctionIdentifier(input.FunctionName ?? '', undefined, caller);
      const { accountId, region, functionName } = identifier;
      checkName(functionName);
      if (accountId !== caller.accountId) throw notAuthorized('CreateFunction', identifier, caller);
      checkPackage(input);
      const kind = {
        packageType: input.PackageType ?? 'Zip',
        architectures: input.Architectures ?? ['x86_64'],
      } as const;
      const store = async (code: CodeReference, chosen: FunctionSettings): Promise<FunctionConfiguration> => {
        checkCombinedSize(code, chosen.layers);
        checkStorage(context, accountId, region, code);
        const record: FunctionRecord = {
          ...chosen,
          accountId,
          region,
          functionName,
          version: LATEST,
          ...kind,
          code,
          ...tenancy(input),
          ...CREATING,
          lastModifiedMs: context.clock.now(),
          revisionId: context.ids.uuid(),
          generation: context.ids.uuid(),
        };
        const published = publication(context, record, input);
        await withSigningConfig(context, input.CodeSigningConfigArn, record, (joined) =>
          context.table.change(accountId, region, functionName, () => {
            checkAbsent(context, identifier);
            const known = published?.meta ?? context.table.meta(accountId, region, functionName);
            const meta = { ...known, tags: input.Tags ?? {} };
            return { put: [record, ...(published?.put ?? [])], meta, joined };
          }),
        );
        const answer = functionConfiguration(record, { qualified: false, states: true });
        // Recorded from AWS: the function's own ARN and revision, and the number of the version.
        return published === undefined ? answer : { ...answer, Version: published.version.version };
      };
      return withLayers(context, input.Layers, identifier, async (layers) => {
        const chosen = newSettings(input, identifier, layers);
        checkTags(input.Tags ?? {});
        checkAbsent(context, identifier);
        checkSnapStart(chosen);
        checkCapacity(context, { ...chosen, ...kind, ...tenancy(input) }, caller, 'CreateFunction');
        await checkDurableKey(context.call, identifier, chosen.durableConfig?.kmsKeyArn);
        return withCode(context, caller, kind, input.Code ?? {}, 'CreateFunction', (code) =>
          store(code, chosen),
        );
      });
    },
  };
}

/** Chosen once: no operation changes it later. */
function tenancy({ TenancyConfig }: CreateFunctionRequest): Pick<FunctionRecord, 'tenantIsolationMode'> {
  const mode = TenancyConfig?.TenantIsolationMode;
  return mode === undefined ? {} : { tenantIsolationMode: mode };
}

/** Two requests may both find that there is none; the one that stores its record second is told. */
function checkAbsent({ table }: ControlContext, identifier: FunctionIdentifier): void {
  const { accountId, region, functionName } = identifier;
  if (table.find(accountId, region, functionName, LATEST) !== undefined)
    throw conflict(`Function already exist: ${functionName}`);
}

/** The model's limit is that of a whole ARN; recorded with this code and these words. */
function checkName(functionName: string): void {
  if (functionName.length <= MAX_NAME_CHARACTERS) return;
  const rule = `Member must have length less than or equal to ${MAX_NAME_CHARACTERS}`;
  throw invalidParameter(constraintText(functionName, 'functionName', rule));
}

function checkPackage(input: CreateFunctionRequest): void {
  checkArchitectures(input.Architectures);
  checkPackageSettings(input.PackageType ?? 'Zip', input);
  if (input.PackageType === 'Image') return;
  if (input.Runtime === undefined || input.Handler === undefined) {
    throw invalidParameter(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    );
  }
}
