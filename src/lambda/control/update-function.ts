import { functionArn } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { checkArchitectures } from './create-function.ts';
import { checkStorage, storeCode } from './function-code.ts';
import { functionConfiguration } from './function-configuration.ts';
import { settings } from './function-settings.ts';
import { conflict, invalidParameter, preconditionFailed } from './lambda-errors.ts';
import { newVersion } from './version-operations.ts';

type UpdateOperations = Required<
  Pick<LambdaOperations, 'UpdateFunctionCode' | 'UpdateFunctionConfiguration'>
>;

/** Recorded from AWS: an update says that the function is being created. */
const UPDATING = {
  lastUpdateStatus: 'InProgress',
  lastUpdateStatusReason: 'The function is being created.',
  lastUpdateStatusReasonCode: 'Creating',
} as const;

export function updateFunctionOperations(context: ControlContext): UpdateOperations {
  return {
    async UpdateFunctionCode(input, caller) {
      const { identifier } = findFunction(context, input.FunctionName, undefined, caller);
      if (identifier.qualifier !== undefined && identifier.qualifier !== LATEST) throw onlyLatest();
      checkArchitectures(input.Architectures);
      const { accountId, region, functionName } = identifier;
      const code = await storeCode(context, input, 'UpdateFunctionCode');
      checkStorage(context, accountId, region, code);
      let answer: FunctionRecord | undefined;
      await context.table.change(accountId, region, functionName, () => {
        const { record } = findFunction(context, functionName, undefined, caller);
        checkChangeable(record, input.RevisionId);
        const updated: FunctionRecord = {
          ...record,
          code,
          architectures: input.Architectures ?? record.architectures,
          ...changed(context),
        };
        if (input.DryRun === true) {
          answer = { ...record, code, architectures: updated.architectures };
          return undefined;
        }
        if (input.Publish !== true) {
          answer = updated;
          return { put: [updated] };
        }
        const { put, meta, version } = newVersion(context, updated, undefined);
        answer = version;
        return { put: [...put.filter((record) => record.version !== LATEST), updated], meta };
      });
      return functionConfiguration(answer!, { qualified: answer!.version !== LATEST, states: true });
    },

    async UpdateFunctionConfiguration(input, caller) {
      const { identifier } = findFunction(context, input.FunctionName, undefined, caller);
      if (identifier.qualifier !== undefined && identifier.qualifier !== LATEST) throw onlyLatest();
      const { accountId, region, functionName } = identifier;
      let answer: FunctionRecord | undefined;
      await context.table.change(accountId, region, functionName, () => {
        const { record } = findFunction(context, functionName, undefined, caller);
        const updated = { ...settings(input, functionName, record), ...changed(context) };
        checkChangeable(record, input.RevisionId);
        answer = updated;
        return { put: [updated] };
      });
      return functionConfiguration(answer!, { qualified: false, states: true });
    },
  };
}

function changed(
  context: ControlContext,
): Pick<FunctionRecord, 'lastModifiedMs' | 'revisionId' | 'generation'> & typeof UPDATING {
  return {
    ...UPDATING,
    lastModifiedMs: context.clock.now(),
    revisionId: context.ids.uuid(),
    generation: context.ids.uuid(),
  };
}

/** One update at a time, and only of the revision that the caller has seen. */
export function checkChangeable(record: FunctionRecord, revisionId: string | undefined): void {
  if (revisionId !== undefined && revisionId !== record.revisionId) throw preconditionFailed();
  const { accountId, region, functionName } = record;
  const arn = functionArn({ accountId, region, functionName, qualifier: undefined });
  if (record.state === 'Pending') {
    throw conflict(
      'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    );
  }
  if (record.lastUpdateStatus === 'InProgress') {
    throw conflict(
      `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
    );
  }
}

function onlyLatest(): Error {
  return invalidParameter(
    'You can only update the $LATEST version of a function. Please specify a function name or ARN without a version.',
  );
}
