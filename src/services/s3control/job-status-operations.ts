/** What an owner changes of a job: it is confirmed or cancelled, and gets another priority. */
import type { JobStatus } from '@aws-sdk/client-s3-control';
import type { JobRecord } from './job-record.ts';
import { hasEnded, inStatus } from './job-record.ts';
import { checkedPriority } from './job-settings.ts';
import type { S3ControlContext, S3ControlOperations } from './s3control-context.ts';
import { jobOf } from './s3control-context.ts';
import { invalidRequest, noSuchJob, wrongStatus } from './s3control-errors.ts';

type Names = 'UpdateJobStatus' | 'UpdateJobPriority';

/** Jobs in these states come to an end by themselves. */
const ENDING: ReadonlySet<JobStatus> = new Set<JobStatus>(['Completing', 'Failing', 'Cancelling']);

export function jobStatusOperations(context: S3ControlContext): Required<Pick<S3ControlOperations, Names>> {
  const { jobs, clock, follow } = context;
  return {
    async UpdateJobStatus(input, caller) {
      const requested = input.RequestedJobStatus;
      if (requested !== 'Ready' && requested !== 'Cancelled') throw invalidRequest('Invalid job status.');
      const reason = input.StatusUpdateReason;
      const record = await jobs.change(jobOf(context, input, caller), (job) => ({
        ...(requested === 'Ready' ? confirmed(job, clock.now()) : cancelled(job, clock.now())),
        ...(reason === undefined ? {} : { statusReason: reason }),
      }));
      if (record === undefined) throw noSuchJob();
      follow(record);
      return {
        JobId: record.jobId,
        Status: record.status,
        ...(record.statusReason === undefined ? {} : { StatusUpdateReason: record.statusReason }),
      };
    },

    async UpdateJobPriority(input, caller) {
      const priority = checkedPriority(input.Priority);
      const record = await jobs.change(jobOf(context, input, caller), (job) => {
        if (hasEnded(job))
          throw wrongStatus(`The priority of a job that is ${job.status} cannot be changed.`);
        return { ...job, priority };
      });
      if (record === undefined) throw noSuchJob();
      follow(record);
      return { JobId: record.jobId, Priority: record.priority };
    },
  };
}

/** Source: user guide, "Tracking job status and completion reports": only a job that waits for it is confirmed. */
function confirmed(job: JobRecord, nowMs: number): JobRecord {
  if (job.status !== 'Suspended') throw wrongStatus(`A job that is ${job.status} cannot become Ready.`);
  return inStatus(job, 'Ready', nowMs);
}

function cancelled(job: JobRecord, nowMs: number): JobRecord {
  if (hasEnded(job) || ENDING.has(job.status))
    throw wrongStatus(`A job that is ${job.status} cannot be cancelled.`);
  return inStatus(job, 'Cancelling', nowMs);
}
