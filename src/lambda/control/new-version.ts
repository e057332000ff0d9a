/** Publishing: a numbered version made from `$LATEST`. */
import type { FunctionRecord } from '../records/function-record.ts';
import type { FunctionMeta } from '../records/function-table.ts';
import type { ControlContext } from './control-context.ts';
import { CREATING } from './function-states.ts';

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
  const { accountId, region, functionName } = latest;
  const meta = context.table.meta(accountId, region, functionName);
  const last = context.table.find(accountId, region, functionName, String(meta.lastVersion));
  if (last !== undefined && isSame(last, meta, latest)) return { put: [], meta, version: last };
  const number = meta.lastVersion + 1;
  const {
    lastUpdateStatus: _1,
    lastUpdateStatusReason: _2,
    lastUpdateStatusReasonCode: _3,
    ...kept
  } = latest;
  const isUpdating = latest.lastUpdateStatus === 'InProgress' || latest.state === 'Pending';
  const waits = isUpdating || latest.snapStartApplyOn === 'PublishedVersions';
  const version: FunctionRecord = {
    ...kept,
    version: String(number),
    description: description === undefined || description === '' ? latest.description : description,
    // A version of code that is being prepared waits with it, and one with SnapStart for its snapshot.
    ...(waits ? CREATING : { lastUpdateStatus: 'Successful' as const }),
    revisionId: context.ids.uuid(),
    generation: context.ids.uuid(),
  };
  const published = { lastVersion: number, publishedDescription: latest.description };
  return { put: [version], meta: { ...meta, ...published }, version };
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
