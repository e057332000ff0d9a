import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { CallAs, RoleCaller } from '../../ports/call.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import type { JobAddress, JobRecord } from './job-record.ts';
import type { JobTable } from './job-table.ts';
import { accessDenied, invalidRequest, noSuchJob } from './s3control-errors.ts';

/** What the operations share. */
export interface S3ControlContext {
  readonly jobs: JobTable;
  readonly clock: Clock;
  readonly ids: Ids;
  /** A job has come, or its status or priority has been changed by its owner. */
  readonly follow: (job: JobAddress) => void;
}

export type S3ControlOperations = Operations<typeof import('@aws-sdk/client-s3-control')>;

/** What carrying out a job needs. */
export interface JobServices {
  readonly jobs: JobTable;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly callAs: CallAs;
}

interface AccountInput {
  readonly AccountId?: string | undefined;
}

/** Throws where a call is for another account than its caller's. */
export function ownAccount({ AccountId }: AccountInput, { accountId }: RequestContext): void {
  if (AccountId === undefined) throw invalidRequest('Missing account id.');
  if (AccountId !== accountId) throw accessDenied();
}

/** The job that a call names. Throws `NoSuchJobException`. */
export function jobOf(
  { jobs }: S3ControlContext,
  input: AccountInput & { readonly JobId?: string | undefined },
  caller: RequestContext,
): JobRecord {
  ownAccount(input, caller);
  const { accountId, region } = caller;
  const record = jobs.get({ accountId, region, jobId: input.JobId ?? '' });
  if (record === undefined) throw noSuchJob();
  return record;
}

/** Who takes the roles of jobs. Source: user guide, "Granting permissions for Batch Operations". */
const PRINCIPAL = 'batchoperations.s3.amazonaws.com';

export function roleCaller({ accountId, region, jobId, settings }: JobRecord): RoleCaller {
  return { accountId, region, roleArn: settings.RoleArn!, principal: PRINCIPAL, sessionName: jobId };
}
