/** Which jobs go on at a time: those of higher priority first, of the same one the older. */
import type { JobStatus } from '@aws-sdk/client-s3-control';
import type { JobRecord } from './job-record.ts';

/** Jobs of all accounts that are carried out at a time. */
const MAX_ACTIVE_JOBS = 2;

/** Jobs that want to go on. */
const CONTENDING: ReadonlySet<JobStatus> = new Set<JobStatus>(['Ready', 'Active', 'Pausing', 'Paused']);

export function isContending({ status }: JobRecord): boolean {
  return CONTENDING.has(status);
}

export function mayGoOn(job: JobRecord, jobs: readonly JobRecord[]): boolean {
  const ahead = jobs.filter((other) => isContending(other) && isBefore(other, job));
  return ahead.length < MAX_ACTIVE_JOBS;
}

function isBefore(a: JobRecord, b: JobRecord): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.createdMs !== b.createdMs) return a.createdMs < b.createdMs;
  return a.jobId < b.jobId;
}
