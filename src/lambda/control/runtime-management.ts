/** When a function takes a new version of its runtime. */
import type { PutRuntimeManagementConfigRequest } from '@aws-sdk/client-lambda';
import { functionArn } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { runtimeVersionArn } from '../records/runtime-version.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { invalidParameter } from './lambda-errors.ts';

type RuntimeManagement = Required<
  Pick<LambdaOperations, 'PutRuntimeManagementConfig' | 'GetRuntimeManagementConfig'>
>;

interface RuntimeManagementConfig {
  readonly UpdateRuntimeOn: NonNullable<FunctionRecord['updateRuntimeOn']>;
  readonly FunctionArn: string;
  readonly RuntimeVersionArn: string | undefined;
}

/** Each version has its own, and begins with that of `$LATEST`. */
export function runtimeManagement(context: ControlContext): RuntimeManagement {
  const { table } = context;
  return {
    async PutRuntimeManagementConfig(input, caller) {
      const find = (): FunctionRecord =>
        findFunction(context, input.FunctionName, input.Qualifier, caller).record;
      const { accountId, region, functionName } = find();
      const updateRuntimeOn = input.UpdateRuntimeOn!;
      let stored: FunctionRecord | undefined;
      await table.change(accountId, region, functionName, () => {
        const record = find();
        checkVersion(record, input);
        stored = { ...record, updateRuntimeOn };
        return { put: [stored] };
      });
      return shown(stored!);
    },

    async GetRuntimeManagementConfig(input, caller) {
      return shown(findFunction(context, input.FunctionName, input.Qualifier, caller).record);
    },
  };
}

/**
 * Here a runtime has one version at a time: that of its interpreter, as `RuntimeVersionConfig` of the function
 * names it. To pin a function to another one would be to promise what cannot be kept. AWS's words have not been seen.
 */
function checkVersion(record: FunctionRecord, input: PutRuntimeManagementConfigRequest): void {
  const { RuntimeVersionArn: requested } = input;
  const { region, runtime } = record;
  if (runtime === undefined)
    throw invalidParameter('Runtime management is not supported for functions with packageType Image.');
  if (input.UpdateRuntimeOn !== 'Manual') {
    if (requested === undefined) return;
    throw invalidParameter('RuntimeVersionArn can only be provided when UpdateRuntimeOn is Manual.');
  }
  if (requested === undefined)
    throw invalidParameter('Please provide RuntimeVersionArn when UpdateRuntimeOn is Manual.');
  const current = runtimeVersionArn(region, runtime);
  if (requested !== current) {
    throw invalidParameter(
      `Runtime version ${requested} is not available for the runtime ${runtime}. Its version is ${current}.`,
    );
  }
}

function shown(record: FunctionRecord): RuntimeManagementConfig {
  const { accountId, region, functionName, version, runtime = '', updateRuntimeOn = 'Auto' } = record;
  return {
    UpdateRuntimeOn: updateRuntimeOn,
    FunctionArn: functionArn({ accountId, region, functionName, qualifier: version }),
    // API reference, GetRuntimeManagementConfig: null unless the mode is Manual.
    RuntimeVersionArn: updateRuntimeOn === 'Manual' ? runtimeVersionArn(region, runtime) : undefined,
  };
}
