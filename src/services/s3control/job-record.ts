/** What is stored of a job of S3 Batch Operations, and of each of its tasks. */
import type {
  CreateJobCommandInput,
  JobDescriptor,
  JobFailure,
  JobListDescriptor,
  JobStatus,
  S3Tag,
} from '@aws-sdk/client-s3-control';

export interface JobAddress {
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
  readonly jobId: string;
}

type Settings = 'Operation' | 'Report' | 'Manifest' | 'Description' | 'RoleArn' | 'ConfirmationRequired';

/** As CreateJob was given them. */
export type JobSettings = Pick<CreateJobCommandInput, Settings>;

export interface JobRecord extends JobAddress {
  readonly settings: JobSettings;
  readonly priority: number;
  readonly tags: readonly S3Tag[];
  /** Of CreateJob, with a digest of all it was given, so that the call may be repeated. */
  readonly token: string | undefined;
  readonly requestDigest: string;
  readonly status: JobStatus;
  readonly statusReason?: string;
  readonly failures?: readonly JobFailure[];
  /** Service times, epoch milliseconds. */
  readonly createdMs: number;
  readonly suspendedMs?: number;
  readonly terminatedMs?: number;
  /** Since when it has been Active, and how long it had been before, in milliseconds. */
  readonly activeSinceMs?: number;
  readonly activeMs: number;
  /** Undefined until the whole manifest is stored. */
  readonly total?: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** One line of a manifest. */
export interface JobTask {
  readonly bucket: string;
  /** As the manifest has it: percent-encoded. */
  readonly key: string;
  readonly versionId?: string;
  readonly attempts: number;
  /** Service time before which it is not to be tried again, epoch milliseconds. */
  readonly dueMs: number;
}

export interface TaskResult {
  readonly isSucceeded: boolean;
  /** Columns of the completion report. */
  readonly code: string;
  readonly status: string;
  readonly message: string;
}

export type FinishedTask = Pick<JobTask, 'bucket' | 'key' | 'versionId'> & TaskResult;

const ENDED: ReadonlySet<JobStatus> = new Set<JobStatus>(['Complete', 'Cancelled', 'Failed']);

export function hasEnded({ status }: Pick<JobRecord, 'status'>): boolean {
  return ENDED.has(status);
}

export function jobKey({ accountId, region, jobId }: JobAddress): string {
  return `${accountId}/${region}/${jobId}`;
}

export function jobArn({ accountId, region, jobId }: JobAddress): string {
  return `arn:aws:s3:${region}:${accountId}:job/${jobId}`;
}

/** The record as it is from then on in that state: how long it is active is counted. */
export function inStatus(record: JobRecord, status: JobStatus, nowMs: number): JobRecord {
  const { activeSinceMs, ...rest } = record;
  const activeMs = record.activeMs + (activeSinceMs === undefined ? 0 : nowMs - activeSinceMs);
  return {
    ...rest,
    status,
    activeMs,
    ...(status === 'Active' ? { activeSinceMs: nowMs } : {}),
    ...(status === 'Suspended' ? { suspendedMs: nowMs } : {}),
    ...(ENDED.has(status) ? { terminatedMs: nowMs } : {}),
  };
}

/** As DescribeJob shows it. */
export function described(record: JobRecord, nowMs: number): JobDescriptor {
  const { settings, failures = [], statusReason, suspendedMs } = record;
  const { Description: _, ...shown } = settings;
  return {
    ...listed(record, nowMs),
    ...shown,
    JobArn: jobArn(record),
    FailureReasons: [...failures],
    ...(statusReason === undefined ? {} : { StatusUpdateReason: statusReason }),
    ...(suspendedMs === undefined
      ? {}
      : { SuspendedDate: new Date(suspendedMs), SuspendedCause: 'AwaitingConfirmation' }),
  };
}

/** As ListJobs does. */
export function listed(record: JobRecord, nowMs: number): Omit<JobListDescriptor, 'Operation'> {
  const { Description } = record.settings;
  const active = record.activeMs + (record.activeSinceMs === undefined ? 0 : nowMs - record.activeSinceMs);
  return {
    JobId: record.jobId,
    ...(Description === undefined ? {} : { Description }),
    Priority: record.priority,
    Status: record.status,
    CreationTime: new Date(record.createdMs),
    ...(record.terminatedMs === undefined ? {} : { TerminationDate: new Date(record.terminatedMs) }),
    ProgressSummary: {
      TotalNumberOfTasks: record.total ?? 0,
      NumberOfTasksSucceeded: record.succeeded,
      NumberOfTasksFailed: record.failed,
      Timers: { ElapsedTimeInActiveSeconds: Math.floor(active / 1000) },
    },
  };
}

/** Source: user guide, "Tracking job status and completion reports": a job fails when more of its tasks fail, once so many are done. */
const MIN_COUNTED_TASKS = 1_000;
const MAX_FAILED_SHARE = 0.5;

/** The name and the words are not AWS's. */
const TOO_MANY_FAILED: JobFailure = {
  FailureCode: 'JobFailureThresholdExceeded',
  FailureReason: 'More than half of the tasks that have been carried out have failed.',
};

/** The record when one more task has come to its end. */
export function counted(record: JobRecord, { isSucceeded }: TaskResult, nowMs: number): JobRecord {
  const succeeded = record.succeeded + (isSucceeded ? 1 : 0);
  const failed = record.failed + (isSucceeded ? 0 : 1);
  const done = { ...record, succeeded, failed };
  const isHopeless =
    succeeded + failed >= MIN_COUNTED_TASKS && failed > (succeeded + failed) * MAX_FAILED_SHARE;
  if (!isHopeless || record.status !== 'Active') return done;
  return { ...inStatus(done, 'Failing', nowMs), failures: [TOO_MANY_FAILED] };
}
