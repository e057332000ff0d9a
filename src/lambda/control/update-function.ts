import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { checkDurableKey } from './durable-key.ts';
import { checkCapacity } from './function-capacity-settings.ts';
import { checkStorage } from './function-code.ts';
import { checkSignatures, configOf } from './function-code-signing.ts';
import { functionConfiguration } from './function-configuration.ts';
import { checkPackageSettings, withCode } from './function-image.ts';
import { checkArchitectures, settings } from './function-settings.ts';
import { checkChangeable, UPDATING } from './function-states.ts';
import { conflict, invalidParameter } from './lambda-errors.ts';
import { checkCombinedSize, withLayers } from './layer-references.ts';
import { publication } from './new-version.ts';
import { checkSnapStart } from './snap-start.ts';

type UpdateOperations = Required<
  Pick<LambdaOperations, 'UpdateFunctionCode' | 'UpdateFunctionConfiguration'>
>;

export function updateFunctionOperations(context: ControlContext): UpdateOperations {
  return {
    async UpdateFunctionCode(input, caller) {
      const { identifier, record: known } = findFunction(context, input.FunctionName, undefined, caller);
      if (identifier.qualifier !== undefined && identifier.qualifier !== LATEST) throw onlyLatest();
      checkArchitectures(input.Architectures);
      const { accountId, region, functionName } = identifier;
      const { packageType } = known;
      const kind = { packageType, architectures: input.Architectures ?? known.architectures };
      return withCode(context, caller, kind, input, 'UpdateFunctionCode', async (code) => {
        checkStorage(context, accountId, region, code);
        const packages = packageType === 'Zip' ? [code.blob] : [];
        await checkSignatures(
          context,
          configOf(context, known),
          'UpdateFunctionCode',
          functionName,
          packages,
        );
        let answer: FunctionRecord | undefined;
        await context.table.change(accountId, region, functionName, () => {
          const { record } = findFunction(context, input.FunctionName, undefined, caller);
          checkChangeable(record, input.RevisionId);
          // Registries may be slow: by now the name may be that of a function of the other kind.
          if (record.packageType !== packageType)
            throw conflict(
              `The function ${functionName} has been replaced by one of packageType ${record.packageType}.`,
            );
          checkCombinedSize(code, record.layers);
          const architectures = input.Architectures ?? record.architectures;
          if (input.DryRun === true) {
            answer = { ...record, code, architectures };
            return undefined;
          }
          const updated: FunctionRecord = { ...record, code, architectures, ...changed(context) };
          checkCapacity(context, updated, caller, 'UpdateFunctionCode');
          const published = publication(context, updated, input);
          if (published === undefined) {
            answer = updated;
            return { put: [updated] };
          }
          const { put, meta, version } = published;
          answer = version;
          return { put: [updated, ...put], meta };
        });
        return functionConfiguration(answer!, { qualified: answer!.version !== LATEST, states: true });
      });
    },

    async UpdateFunctionConfiguration(input, caller) {
      const { identifier, record: known } = findFunction(context, input.FunctionName, undefined, caller);
      if (identifier.qualifier !== undefined && identifier.qualifier !== LATEST) throw onlyLatest();
      checkPackageSettings(known.packageType, input);
      await checkDurableKey(context.call, identifier, input.DurableConfig?.KMSKeyArn);
      const { accountId, region, functionName } = identifier;
      return withLayers(context, input.Layers, identifier, async (layers) => {
        const packages = (layers ?? []).map(({ blob }) => blob);
        const config = configOf(context, known);
        await checkSignatures(context, config, 'UpdateFunctionConfiguration', functionName, packages);
        let answer: FunctionRecord | undefined;
        await context.table.change(accountId, region, functionName, () => {
          const { record } = findFunction(context, input.FunctionName, undefined, caller);
          const updated = { ...settings(input, record, record, layers), ...changed(context) };
          checkCombinedSize(updated.code, updated.layers);
          checkSnapStart(updated);
          checkCapacity(context, updated, caller, 'UpdateFunctionConfiguration');
          checkChangeable(record, input.RevisionId);
          answer = updated;
          return { put: [updated] };
        });
        return functionConfiguration(answer!, { qualified: false, states: true });
      });
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

function onlyLatest(): Error {
  return invalidParameter(
    'You can only update the $LATEST version of a function. Please specify a function name or ARN without a version.',
  );
}
