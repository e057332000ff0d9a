import type { CreateFunctionRequest } from '@aws-sdk/client-lambda';
import { parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { MAX_NAME_CHARACTERS } from './control-limits.ts';
import { checkStorage, storeCode } from './function-code.ts';
import { functionConfiguration } from './function-configuration.ts';
import { checkArchitectures, newSettings } from './function-settings.ts';
import { CREATING } from './function-states.ts';
import { conflict, constraintText, invalidParameter, notImplemented } from './lambda-errors.ts';
import { checkPublishable } from './new-version.ts';
import { checkTags } from './tag-operations.ts';

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
      checkName(functionName);
      checkPackage(input);
      const chosen = newSettings(input, { functionName, region });
      checkTags(input.Tags ?? {});
      if (context.table.find(accountId, region, functionName, LATEST) !== undefined)
        throw exists(functionName);
      if (input.Publish === true) checkPublishable(chosen.snapStartApplyOn);
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
          meta: {
            tags: input.Tags ?? {},
            ...(published === undefined
              ? { lastVersion: 0 }
              : { lastVersion: 1, publishedDescription: record.description }),
          },
        };
      });
      const answer = functionConfiguration(record, { qualified: false, states: true });
      // Recorded from AWS: the function's own ARN and revision, and the number of the version.
      return published === undefined ? answer : { ...answer, Version: published.version };
    },
  };
}

/** The model's limit is that of a whole ARN; recorded with this code and these words. */
function checkName(functionName: string): void {
  if (functionName.length <= MAX_NAME_CHARACTERS) return;
  const rule = `Member must have length less than or equal to ${MAX_NAME_CHARACTERS}`;
  throw invalidParameter(constraintText(functionName, 'functionName', rule));
}

function checkPackage(input: CreateFunctionRequest): void {
  if (input.PackageType === 'Image') throw notImplemented('CreateFunction', 'PackageType Image');
  if (input.PublishTo !== undefined) throw notImplemented('CreateFunction', 'PublishTo');
  checkArchitectures(input.Architectures);
  if (input.Runtime === undefined || input.Handler === undefined) {
    throw invalidParameter(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    );
  }
}

function exists(functionName: string): Error {
  return conflict(`Function already exist: ${functionName}`);
}
