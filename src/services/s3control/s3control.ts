/** S3 Control, of which there are the jobs of S3 Batch Operations: kept in the state store with each of their tasks. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { CallAs } from '../../ports/call.ts';
import type { Log } from '../../ports/log.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { jobOperations } from './job-operations.ts';
import { JobRunner } from './job-runner.ts';
import { jobStatusOperations } from './job-status-operations.ts';
import { JobTable } from './job-table.ts';
import { jobTagOperations } from './job-tags.ts';
import type { S3ControlContext, S3ControlOperations } from './s3control-context.ts';

export interface S3ControlDependencies {
  readonly state: StateStore;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly callAs: CallAs;
}

export interface S3Control {
  readonly service: Service & { readonly operations: S3ControlOperations };
  /** To be called when functions and buckets can be reached: jobs go on where they were. */
  begin(): void;
  /** Ends the tasks under way; the store stays open. */
  close(): Promise<void>;
}

export async function openS3Control(dependencies: S3ControlDependencies): Promise<S3Control> {
  const { state, clock, ids } = dependencies;
  const jobs = await JobTable.open(state);
  const runner = new JobRunner({ ...dependencies, jobs });
  const context: S3ControlContext = { jobs, clock, ids, follow: (job) => runner.follow(job) };
  const operations: S3ControlOperations = {
    ...jobOperations(context),
    ...jobStatusOperations(context),
    ...jobTagOperations(context),
  };
  return {
    service: { name: 's3control', operations: operations as Service['operations'] & S3ControlOperations },
    begin: () => runner.begin(),
    close: () => runner.close(),
  };
}
