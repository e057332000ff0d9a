/** What one attempt of a task has come to. */
import { AwsError } from '../../core/errors.ts';
import type { JobRecord, JobTask, TaskResult } from './job-record.ts';

export interface TaskOutcome extends TaskResult {
  /** It may go otherwise when it is tried again. */
  readonly isTemporary: boolean;
}

/** Attempts one task of a job. Rejects only with what is no error of AWS's. */
export type AttemptTask = (job: JobRecord, taskId: string, task: JobTask) => Promise<TaskOutcome>;

const OK = '200';

export function succeeded(message: string): TaskOutcome {
  return { isSucceeded: true, isTemporary: false, code: OK, status: '', message };
}

/** The columns are as in the user guide's examples of completion reports, where a failed function has the code 200. */
export function failed(status: string, message: string, code: string = OK): TaskOutcome {
  return { isSucceeded: false, isTemporary: status === 'TemporaryFailure', code, status, message };
}

/** Throttled calls and errors of servers may go well later. */
const THROTTLED: ReadonlySet<string> = new Set([
  'TooManyRequestsException',
  'SlowDown',
  'ThrottlingException',
]);
/** What a service's model would say, of the errors that say nothing themselves. */
const STATUSES: Readonly<Record<string, number>> = {
  ResourceNotFoundException: 404,
  AccessDeniedException: 403,
  TooManyRequestsException: 429,
};
const BAD_REQUEST = 400;
const SERVER_ERROR = 500;
const NOT_IMPLEMENTED = 501;

/** Of a call that has thrown; passes on what is no error of AWS's. */
export function failedCall(error: unknown): TaskOutcome {
  if (!(error instanceof AwsError)) throw error;
  const { code, message, status = STATUSES[code] ?? BAD_REQUEST } = error;
  const isTemporary = THROTTLED.has(code) || (status >= SERVER_ERROR && status !== NOT_IMPLEMENTED);
  return { ...failed(code, message, String(status)), isTemporary };
}
