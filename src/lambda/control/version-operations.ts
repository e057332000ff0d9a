import { functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { FunctionName } from '../records/qualified-table.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { functionConfiguration } from './function-configuration.ts';
import { checkChangeable } from './function-states.ts';
import { conflict, invalidParameter, preconditionFailed } from './lambda-errors.ts';
import { publication } from './new-version.ts';
import { pageOfFunctions } from './page.ts';

type VersionOperations = Required<
  Pick<LambdaOperations, 'PublishVersion' | 'ListVersionsByFunction' | 'DeleteFunction'>
>;

export function versionOperations(context: ControlContext): VersionOperations {
  const { table } = context;
  return {
    async PublishVersion(input, caller) {
      const { identifier } = findFunction(context, input.FunctionName, undefined, caller);
      const { accountId, region, functionName } = identifier;
      let answer: FunctionRecord | undefined;
      await table.change(accountId, region, functionName, () => {
        const { record } = findFunction(context, input.FunctionName, undefined, caller);
        if (input.RevisionId !== undefined && input.RevisionId !== record.revisionId)
          throw preconditionFailed();
        if (
          input.CodeSha256 !== undefined &&
          input.CodeSha256 !== '' &&
          input.CodeSha256 !== record.code.sha256Base64
        ) {
          throw invalidParameter(
            `CodeSHA256 (${input.CodeSha256}) is different from current CodeSHA256 in $LATEST (${record.code.sha256Base64}). ` +
              'Please try again with the CodeSHA256 in $LATEST.',
          );
        }
        checkChangeable(record, undefined);
        const { put, meta, version } = publication(context, record, { ...input, Publish: true })!;
        answer = version;
        if (put.length === 0) return undefined;
        // Recorded: publishing gives `$LATEST` a new revision, and its policy keeps the old one.
        return { put: [{ ...record, revisionId: context.ids.uuid() }, ...put], meta };
      });
      return functionConfiguration(answer!, { qualified: true, states: true });
    },

    async ListVersionsByFunction(input, caller) {
      const { identifier } = findFunction(context, input.FunctionName, undefined, caller);
      const { accountId, region, functionName } = identifier;
      const versionsOf = (): FunctionRecord[] => table.versions(accountId, region, functionName);
      const { page, next } = pageOfFunctions([functionName], versionsOf, input);
      return {
        Versions: page.map((record) => functionConfiguration(record, { qualified: true, states: false })),
        ...(next === undefined ? {} : { NextMarker: next }),
      };
    },

    async DeleteFunction(input, caller) {
      const identifier = parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, caller);
      const { accountId, region, functionName, qualifier } = identifier;
      checkDeletable(qualifier);
      await table.change(accountId, region, functionName, () => {
        const versions = table.versions(accountId, region, functionName);
        // Recorded without the qualifier, also where one was given.
        if (versions.length === 0) throw functionNotFound({ ...identifier, qualifier: undefined });
        if (qualifier === undefined) return { remove: versions.map(({ version }) => version) };
        checkUnreferenced(context, identifier, qualifier);
        // A version that is not there is deleted already, as AWS sees it.
        return versions.some(({ version }) => version === qualifier) ? { remove: [qualifier] } : undefined;
      });
      return { StatusCode: 204 };
    },
  };
}

/** Words of AWS's answer as its users quote it. */
function checkUnreferenced({ aliases }: ControlContext, name: FunctionName, version: string): void {
  const names = aliases.pointingTo(name, version);
  if (names.length === 0) return;
  throw conflict(
    `Unable to delete version because the following aliases reference it: [${names.join(', ')}]`,
  );
}

function checkDeletable(qualifier: string | undefined): void {
  if (qualifier === undefined) return;
  if (qualifier === LATEST)
    throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
  if (/^(?!\d+$)[a-zA-Z0-9-_]+$/.test(qualifier))
    throw invalidParameter('Deletion of aliases is not currently supported.');
}
