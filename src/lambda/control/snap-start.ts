/** SnapStart as a setting, and what becomes of it when a version is published. */
import { runtimeIdentifier } from '../../core/runtimes.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { hasSnapStart } from '../records/function-record.ts';
import type { SnapshotProblem } from '../records/snapshot-problem.ts';
import { invalidParameter } from './lambda-errors.ts';

/** The first version of each runtime that can have it. Source: "Improving startup performance with Lambda SnapStart". */
const FIRST_VERSIONS: Readonly<Record<string, readonly number[]>> = {
  java: [11],
  python: [3, 12],
  dotnet: [8],
};

/** The state of a published version whose snapshot has to be taken anew. */
export const RESTORING = {
  state: 'Pending',
  stateReason: 'The function is being restored.',
  stateReasonCode: 'Restoring',
} as const;

/** Throws AWS's error for a runtime without it. */
export function checkSnapStart({
  runtime,
  snapStartApplyOn,
}: Pick<FunctionRecord, 'runtime' | 'snapStartApplyOn'>): void {
  if (snapStartApplyOn === 'None' || runtime === undefined) return;
  const { family = '', version = '' } = runtimeIdentifier(runtime) ?? {};
  const first = FIRST_VERSIONS[family];
  const numbers = version.split('.').map(Number);
  const difference = first?.map((least, place) => (numbers[place] ?? 0) - least).find((by) => by !== 0) ?? 0;
  if (first === undefined || difference < 0)
    throw invalidParameter(`${runtime} is not supported for SnapStart enabled functions.`);
}

/** Whether a version that an earlier server has made Active lacks its snapshot, which ended with that server. */
export function needsSnapshotAgain(record: FunctionRecord): boolean {
  return hasSnapStart(record) && record.state === 'Active';
}

export interface StateProblem {
  readonly reason: string;
  readonly code: 'FunctionError' | 'InternalError' | 'CapacityProviderScalingLimitExceeded';
}

const CODES = {
  function: 'FunctionError',
  host: 'InternalError',
  capacity: 'CapacityProviderScalingLimitExceeded',
} as const;

/** As the state of a version has it. AWS has had the code `FunctionError` since SnapStart. */
export function snapshotStateProblem({ kind, reason }: SnapshotProblem): StateProblem | 'interrupted' {
  if (kind === 'interrupted') return 'interrupted';
  return { reason, code: CODES[kind] };
}
