/** Jobs made, shown and listed. */
import { createHash } from 'node:crypto';
import type { CreateJobCommandInput, JobListDescriptor, JobOperation } from '@aws-sdk/client-s3-control';
import { pageOf } from '../../core/page.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { JobRecord } from './job-record.ts';
import { described, listed } from './job-record.ts';
import { checkedPriority, checkedSettings } from './job-settings.ts';
import { checkedTags } from './job-tags.ts';
import type { S3ControlContext, S3ControlOperations } from './s3control-context.ts';
import { jobOf, ownAccount } from './s3control-context.ts';
import { invalidRequest, otherRequest } from './s3control-errors.ts';

/** Source: API reference of ListJobs: the most there may be. */
const PAGE_JOBS = 1000;

type Names = 'CreateJob' | 'DescribeJob' | 'ListJobs';

export function jobOperations(context: S3ControlContext): Required<Pick<S3ControlOperations, Names>> {
  const { jobs, clock } = context;
  return {
    async CreateJob(input, caller) {
      ownAccount(input, caller);
      const known = requestedBefore(context, input, caller);
      if (known !== undefined) return { JobId: known.jobId };
      const record = newJob(context, input, caller);
      await jobs.add(record);
      context.follow(record);
      return { JobId: record.jobId };
    },

    async DescribeJob(input, caller) {
      return { Job: described(jobOf(context, input, caller), clock.now()) };
    },

    async ListJobs(input, caller) {
      ownAccount(input, caller);
      const { accountId, region } = caller;
      const wanted = input.JobStatuses ?? [];
      const found = jobs
        .all()
        .filter((job) => job.accountId === accountId && job.region === region)
        .filter(({ status }) => wanted.length === 0 || wanted.includes(status))
        .sort((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
      const maxItems = Math.min(input.MaxResults ?? PAGE_JOBS, PAGE_JOBS);
      const page = pageOf(found, { keyOf: orderKey, maxItems, token: input.NextToken });
      if (page === undefined) throw invalidRequest('Invalid next token.');
      return {
        Jobs: page.items.map((job) => listedJob(job, clock.now())),
        ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }),
      };
    },
  };
}

function newJob(
  { clock, ids }: S3ControlContext,
  input: CreateJobCommandInput,
  { accountId, region }: RequestContext,
): JobRecord {
  return {
    accountId,
    region,
    jobId: ids.uuid(),
    settings: checkedSettings(input),
    priority: checkedPriority(input.Priority),
    tags: checkedTags(input.Tags),
    token: input.ClientRequestToken,
    requestDigest: requestDigest(input),
    status: 'New',
    createdMs: clock.now(),
    activeMs: 0,
    succeeded: 0,
    failed: 0,
  };
}

/** The job that the same call has made already. Throws `IdempotencyException` where that was another one. */
function requestedBefore(
  { jobs }: S3ControlContext,
  input: CreateJobCommandInput,
  { accountId, region }: RequestContext,
): JobRecord | undefined {
  if (input.ClientRequestToken === undefined) return undefined;
  const known = jobs
    .all()
    .find(
      (job) => job.token === input.ClientRequestToken && job.accountId === accountId && job.region === region,
    );
  if (known !== undefined && known.requestDigest !== requestDigest(input)) throw otherRequest();
  return known;
}

function requestDigest(input: CreateJobCommandInput): string {
  return createHash('sha256').update(JSON.stringify(input)).digest('hex');
}

/** The oldest come first. */
function orderKey({ createdMs, jobId }: JobRecord): string {
  return `${String(createdMs).padStart(15, '0')}/${jobId}`;
}

/** Of the operation a list tells the name alone. */
function listedJob(job: JobRecord, nowMs: number): JobListDescriptor {
  const [name = 'LambdaInvoke'] = Object.keys(job.settings.Operation ?? {}) as (keyof JobOperation)[];
  return { ...listed(job, nowMs), Operation: name };
}
