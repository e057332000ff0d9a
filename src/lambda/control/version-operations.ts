import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { FunctionMeta } from '../records/function-table.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { CREATING } from './create-function.ts';
import { functionConfiguration } from './function-configuration.ts';
import { invalidParameter, notImplemented, preconditionFailed } from './lambda-errors.ts';
import { pageOf } from './read-operations.ts';
import { checkChangeable } from './update-function.ts';

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
        const { record } = findFunction(context, functionName, undefined, caller);
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
        const { put, meta, version } = newVersion(context, record, input.Description);
        answer = version;
        return put.length === 0 ? undefined : { put, meta };
      });
      return functionConfiguration(answer!, { qualified: true, states: true });
    },

    async ListVersionsByFunction(input, caller) {
      const { identifier } = findFunction(context, input.FunctionName, undefined, caller);
      const { accountId, region, functionName } = identifier;
      const versions = new Map(
        table.versions(accountId, region, functionName).map((record) => [sortKey(record), record]),
      );
      const { page, next } = pageOf([...versions.keys()], input.Marker, input.MaxItems);
      return {
        Versions: page.map((key) =>
          functionConfiguration(versions.get(key)!, { qualified: true, states: false }),
        ),
        ...(next === undefined ? {} : { NextMarker: next }),
      };
    },

    async DeleteFunction(input, caller) {
      const { identifier } = findFunction(context, input.FunctionName, input.Qualifier, caller);
      const { accountId, region, functionName, qualifier } = identifier;
      if (qualifier === LATEST) {
        throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
      }
      await table.change(accountId, region, functionName, () => {
        findFunction(context, functionName, qualifier, caller);
        if (qualifier !== undefined) return { remove: [qualifier] };
        return { remove: table.versions(accountId, region, functionName).map(({ version }) => version) };
      });
      return { StatusCode: 204 };
    },
  };
}

/** `$LATEST` before the numbers, and those by value. */
function sortKey({ version }: FunctionRecord): string {
  return version === LATEST ? '' : version.padStart(12, '0');
}

/**
 * The next version made from `latest`; the last one again where nothing has changed since.
 */
export function newVersion(
  context: ControlContext,
  latest: FunctionRecord,
  description: string | undefined,
): {
  readonly put: readonly FunctionRecord[];
  readonly meta: FunctionMeta;
  readonly version: FunctionRecord;
} {
  if (latest.snapStartApplyOn !== 'None')
    throw notImplemented('PublishVersion', 'SnapStart (ApplyOn PublishedVersions)');
  const { accountId, region, functionName } = latest;
  const meta = context.table.meta(accountId, region, functionName);
  const last = context.table.find(accountId, region, functionName, String(meta.lastVersion));
  if (last !== undefined && isSame(last, latest)) return { put: [], meta, version: last };
  const number = meta.lastVersion + 1;
  const {
    lastUpdateStatus: _1,
    lastUpdateStatusReason: _2,
    lastUpdateStatusReasonCode: _3,
    ...kept
  } = latest;
  const isUpdating = latest.lastUpdateStatus === 'InProgress' || latest.state === 'Pending';
  const version: FunctionRecord = {
    ...kept,
    version: String(number),
    description: description === undefined || description === '' ? latest.description : description,
    // A version of code that is being prepared waits with it.
    ...(isUpdating ? CREATING : { lastUpdateStatus: 'Successful' as const }),
    revisionId: context.ids.uuid(),
    generation: context.ids.uuid(),
  };
  return { put: [version], meta: { ...meta, lastVersion: number }, version };
}

/** Code and configuration, but not what the platform says of them. */
function isSame(version: FunctionRecord, latest: FunctionRecord): boolean {
  return JSON.stringify(substance(version)) === JSON.stringify(substance(latest));
}

function substance(record: FunctionRecord): unknown[] {
  const {
    version: _version,
    description: _description,
    state: _state,
    stateReason: _stateReason,
    stateReasonCode: _stateReasonCode,
    lastUpdateStatus: _status,
    lastUpdateStatusReason: _reason,
    lastUpdateStatusReasonCode: _code,
    lastModifiedMs: _modified,
    revisionId: _revision,
    generation: _generation,
    ...rest
  } = record;
  return Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
}
