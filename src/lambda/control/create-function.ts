import type { CreateFunctionRequest } from '@aws-sdk/client-lambda';
import { parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { checkStorage, storeCode } from './function-code.ts';
import { functionConfiguration } from './function-configuration.ts';
import { newSettings } from './function-settings.ts';
import { conflict, constraintError, invalidParameter, notImplemented } from './lambda-errors.ts';
import { checkTags } from './tag-operations.ts';

/** The state AWS gives a function before it can be invoked. */
export const CREATING = {
  state: 'Pending',
  stateReason: 'The function is being created.',
  stateReasonCode: 'Creating',
} as const;

export function createFunctionOperation(
  context: ControlContext,
): Required<Pick<LambdaOperations, 'CreateFunction'>> {
  return {
    async CreateFunction(input, caller) {
      const { accountId, region, functionName } = parseFunctionIdentifier(
        input.FunctionName ?? '',
        undefined,
        caller,
      );
      checkPackage(input);
      const chosen = newSettings(input, functionName);
      checkTags(input.Tags ?? {});
      if (context.table.find(accountId, region, functionName, LATEST) !== undefined)
        throw exists(functionName);
      const code = await storeCode(context, input.Code ?? {}, 'CreateFunction');
      checkStorage(context, accountId, region, code);
      const record: FunctionRecord = {
        ...chosen,
        accountId,
        region,
        functionName,
        version: LATEST,
        packageType: 'Zip',
        code,
        architectures: input.Architectures ?? ['x86_64'],
        ...CREATING,
        lastModifiedMs: context.clock.now(),
        revisionId: context.ids.uuid(),
        generation: context.ids.uuid(),
      };
      const published =
        input.Publish === true
          ? { ...record, version: '1', revisionId: context.ids.uuid(), generation: context.ids.uuid() }
          : undefined;
      await context.table.change(accountId, region, functionName, () => {
        if (context.table.find(accountId, region, functionName, LATEST) !== undefined)
          throw exists(functionName);
        return {
          put: published === undefined ? [record] : [record, published],
          meta: { tags: input.Tags ?? {}, lastVersion: published === undefined ? 0 : 1 },
        };
      });
      return functionConfiguration(published ?? record, { qualified: published !== undefined, states: true });
    },
  };
}

function checkPackage(input: CreateFunctionRequest): void {
  if (input.PackageType === 'Image') throw notImplemented('CreateFunction', 'PackageType Image');
  checkArchitectures(input.Architectures);
  if (input.Runtime === undefined)
    throw invalidParameter('Runtime is mandatory for functions created with deployment packages.');
  if (input.Handler === undefined)
    throw invalidParameter('Handler is mandatory for functions created with deployment packages.');
}

/** The model allows any number; AWS was seen to allow exactly one. */
export function checkArchitectures(architectures: readonly string[] | undefined): void {
  if (architectures === undefined) return;
  const shown = `[${architectures.join(', ')}]`;
  if (architectures.length > 1)
    throw constraintError(shown, 'architectures', 'Member must have length less than or equal to 1');
  if (architectures.length === 0)
    throw constraintError(shown, 'architectures', 'Member must have length greater than or equal to 1');
}

function exists(functionName: string): Error {
  return conflict(`Function already exist: ${functionName}`);
}
