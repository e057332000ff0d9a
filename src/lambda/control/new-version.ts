/** Publishing: a numbered version made from `$LATEST`. */
import type { CreateFunctionRequest } from '@aws-sdk/client-lambda';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST_PUBLISHED } from '../records/function-record.ts';
import type { FunctionMeta } from '../records/function-table.ts';
import type { ControlContext } from './control-context.ts';
import { CREATING } from './function-states.ts';
import { invalidParameter } from './lambda-errors.ts';

export interface Publication {
  readonly put: readonly FunctionRecord[];
  readonly meta: FunctionMeta;
  readonly version: FunctionRecord;
}

/** What a request publishes of `latest`: a numbered version, `$LATEST.PUBLISHED`, or nothing. */
export function publication(
  context: ControlContext,
  latest: FunctionRecord,
  { Publish, PublishTo, Description }: Pick<CreateFunctionRequest, 'Publish' | 'PublishTo' | 'Description'>,
): Publication | undefined {
  if (PublishTo === undefined) return Publish === true ? newVersion(context, latest, Description) : undefined;
  if (latest.capacity === undefined)
    throw invalidParameter('PublishTo is supported for functions with a capacity provider only.');
  const { accountId, region, functionName } = latest;
  const meta = context.table.meta(accountId, region, functionName);
  const version = published(context, latest, LATEST_PUBLISHED, Description);
  return { put: [version], meta, version };
}

/** The next version made from `latest`; the last one again where nothing has changed since. */
function newVersion(
  context: ControlContext,
  latest: FunctionRecord,
  description: string | undefined,
): Publication {
  const { accountId, region, functionName } = latest;
  const meta = context.table.meta(accountId, region, functionName);
  const last = context.table.find(accountId, region, functionName, String(meta.lastVersion));
  if (last !== undefined && isSame(last, meta, latest)) return { put: [], meta, version: last };
  const number = meta.lastVersion + 1;
  const version = published(context, latest, String(number), description);
  const changed = { lastVersion: number, publishedDescription: latest.description };
  return { put: [version], meta: { ...meta, ...changed }, version };
}

function published(
  context: ControlContext,
  latest: FunctionRecord,
  version: string,
  description: string | undefined,
): FunctionRecord {
  const {
    lastUpdateStatus: _1,
    lastUpdateStatusReason: _2,
    lastUpdateStatusReasonCode: _3,
    ...kept
  } = latest;
  const isUpdating = latest.lastUpdateStatus === 'InProgress' || latest.state === 'Pending';
  const waits =
    isUpdating || latest.snapStartApplyOn === 'PublishedVersions' || latest.capacity !== undefined;
  return {
    ...kept,
    version,
    description: description === undefined || description === '' ? latest.description : description,
    // A version of code that is being prepared waits with it, one with SnapStart for its snapshot, one on managed
    // instances for its environments.
    ...(waits ? CREATING : { lastUpdateStatus: 'Successful' as const }),
    revisionId: context.ids.uuid(),
    generation: context.ids.uuid(),
  };
}

/** Code and configuration, but not what the platform says of them. Recorded: a new description counts. */
function isSame(version: FunctionRecord, meta: FunctionMeta, latest: FunctionRecord): boolean {
  if (meta.publishedDescription !== latest.description) return false;
  return JSON.stringify(substance(version)) === JSON.stringify(substance(latest));
}

function substance(record: FunctionRecord): unknown[] {
  const {
    version: _version,
    description: _description,
    updateRuntimeOn: _update,
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
