/** The states that changes begin with, and the changes that a state refuses. */
import { functionArn } from '../records/function-identifier.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { conflict, preconditionFailed } from './lambda-errors.ts';

/** The state AWS gives a function before it can be invoked. */
export const CREATING = {
  state: 'Pending',
  stateReason: 'The function is being created.',
  stateReasonCode: 'Creating',
} as const;

/** Recorded from AWS: an update says that the function is being created. */
export const UPDATING = {
  lastUpdateStatus: 'InProgress',
  lastUpdateStatusReason: 'The function is being created.',
  lastUpdateStatusReasonCode: 'Creating',
} as const;

/** One update at a time, and only of the revision that the caller has seen. */
export function checkChangeable(record: FunctionRecord, revisionId: string | undefined): void {
  if (revisionId !== undefined && revisionId !== record.revisionId) throw preconditionFailed();
  const { accountId, region, functionName } = record;
  if (record.state === 'Pending') {
    throw conflict(
      'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    );
  }
  if (record.lastUpdateStatus === 'InProgress') {
    const arn = functionArn({ accountId, region, functionName, qualifier: undefined });
    throw conflict(
      `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
    );
  }
}
