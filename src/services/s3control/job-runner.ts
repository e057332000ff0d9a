/** Takes jobs through their states, one step after the other. Source: user guide, "Tracking job status and completion reports". */
import type { JobFailure, JobStatus } from '@aws-sdk/client-s3-control';
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import { AwsError } from '../../core/errors.ts';
import { Turns } from '../../core/turns.ts';
import type { Log } from '../../ports/log.ts';
import { isContending, mayGoOn } from './job-order.ts';
import { prepareJob } from './job-preparation.ts';
import type { JobAddress, JobRecord } from './job-record.ts';
import { inStatus, jobArn, jobKey } from './job-record.ts';
import { writeReport } from './job-report.ts';
import type { JobServices } from './s3control-context.ts';
import { TaskRunner } from './task-runner.ts';

const MS_PER_DAY = 24 * 60 * 60 * 1000;
/** Source: as above. */
const KEPT_MS = 90 * MS_PER_DAY;
/** Source: as above: a job that nobody confirms for so long fails. */
const MAX_SUSPENDED_MS = 30 * MS_PER_DAY;
/** What could not be stored, or not be reached, is tried again this much later. */
const AGAIN_MS = 1_000;

const UNCONFIRMED: JobFailure = {
  FailureCode: 'JobExpired',
  FailureReason: 'The job was not confirmed within 30 days.',
};

/** Where each way to an end leads. */
const ENDS: Partial<Record<JobStatus, JobStatus>> = {
  Completing: 'Complete',
  Cancelling: 'Cancelled',
  Failing: 'Failed',
};

export interface JobRunnerDependencies extends JobServices {
  readonly clock: WorkClock;
  readonly log: Log;
}

export class JobRunner {
  private readonly deps: JobRunnerDependencies;
  private readonly tasks: TaskRunner;
  private readonly turns = new Turns();
  private readonly work: ClockedWork;
  private readonly timers = new Map<string, Timer>();
  private isClosed = false;

  constructor(deps: JobRunnerDependencies) {
    this.deps = deps;
    this.tasks = new TaskRunner(deps);
    this.work = new ClockedWork(deps.clock);
  }

  /** Goes on with what earlier processes have left. */
  begin(): void {
    for (const job of this.deps.jobs.all()) this.follow(job);
  }

  /** Something about a job is new: does whatever is to be done of it by now. */
  follow(job: JobAddress): void {
    if (this.isClosed) return;
    this.goOn(job);
    // Not in its turn, which an active job may have for long.
    void this.work.run(() => this.guarded(job, () => this.reorder()));
  }

  /** Tasks under way end first. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const timer of this.timers.values()) timer.cancel();
    await this.work.ended();
  }

  private goOn(job: JobAddress): void {
    this.timers.get(jobKey(job))?.cancel();
    this.timers.delete(jobKey(job));
    const advance = (): Promise<void> => this.guarded(job, () => this.advance(job));
    void this.work.run(() => this.turns.run(jobKey(job), advance));
  }

  /** What goes wrong on this side, a full disk for example, is tried again. */
  private async guarded(job: JobAddress, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.deps;
    try {
      await work();
    } catch (error) {
      log.error({ job: jobArn(job), error: String(error) }, 'A job of S3 Batch Operations has to wait.');
      this.wait(job, clock.now() + AGAIN_MS);
    }
  }

  private async advance(address: JobAddress): Promise<void> {
    for (;;) {
      const job = this.deps.jobs.get(address);
      if (job === undefined || this.isClosed) return;
      if (!(await this.step(job))) return;
      await this.reorder();
    }
  }

  /** Whether there may be more to do at once. */
  private async step(job: JobRecord): Promise<boolean> {
    const { jobs, clock } = this.deps;
    switch (job.status) {
      case 'New':
      case 'Preparing':
        await prepareJob(this.deps, job);
        return true;
      case 'Suspended':
        return this.expire(job);
      case 'Ready':
      case 'Paused':
        if (!mayGoOn(job, jobs.all())) return false;
        await this.change(job, 'Active');
        return true;
      case 'Active':
        return this.carryOn(job);
      case 'Pausing':
        await this.change(job, 'Paused');
        return true;
      case 'Completing':
      case 'Cancelling':
      case 'Failing':
        await this.end(job);
        return true;
      default:
        if (!this.hasToWait(job, (job.terminatedMs ?? clock.now()) + KEPT_MS)) await jobs.remove(job);
        return false;
    }
  }

  private async carryOn(job: JobRecord): Promise<boolean> {
    const { jobs } = this.deps;
    const isActive = (): boolean => jobs.get(job)?.status === 'Active';
    const nextMs = await this.tasks.run(job, () => isActive() && !this.isClosed);
    if (!isActive() || this.isClosed) return true;
    if (nextMs === undefined) await this.change(job, 'Completing');
    else if (this.hasToWait(job, nextMs)) return false;
    return true;
  }

  /** Whether the job has failed of it. */
  private async expire(job: JobRecord): Promise<boolean> {
    if (this.hasToWait(job, (job.suspendedMs ?? 0) + MAX_SUSPENDED_MS)) return false;
    await this.change(job, 'Failing', UNCONFIRMED);
    return true;
  }

  /** What is in the way of its report makes a job fail, but never keeps it from its end. */
  private async end(job: JobRecord): Promise<void> {
    const { jobs } = this.deps;
    let status = ENDS[job.status] ?? 'Failed';
    let failure: JobFailure | undefined;
    try {
      await writeReport(this.deps, job);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      status = 'Failed';
      failure = { FailureCode: error.code, FailureReason: `Writing the report failed: ${error.message}` };
    }
    await jobs.removeTasks(job);
    await jobs.removeResults(job);
    await this.change(job, status, failure);
  }

  /** Those that must give way to jobs of higher priority stop, those that may go on do. */
  private async reorder(): Promise<void> {
    const all = this.deps.jobs.all();
    for (const job of all.filter(isContending)) {
      const isActive = job.status === 'Active';
      if (mayGoOn(job, all) === isActive) continue;
      if (isActive) await this.change(job, 'Pausing');
      if (!this.isClosed) this.goOn(job);
    }
  }

  /** Only from the state that was looked at: its owner may have cancelled it meanwhile. */
  private async change(job: JobRecord, status: JobStatus, failure?: JobFailure): Promise<void> {
    const { jobs, clock } = this.deps;
    await jobs.change(job, (known) =>
      known.status === job.status
        ? {
            ...inStatus(known, status, clock.now()),
            ...(failure === undefined ? {} : { failures: [...(known.failures ?? []), failure] }),
          }
        : known,
    );
  }

  private hasToWait(job: JobAddress, dueMs: number): boolean {
    if (dueMs <= this.deps.clock.now()) return false;
    this.wait(job, dueMs);
    return true;
  }

  private wait(job: JobAddress, dueMs: number): void {
    if (this.isClosed) return;
    this.timers.get(jobKey(job))?.cancel();
    this.timers.set(
      jobKey(job),
      this.deps.clock.at(dueMs, () => this.follow(job)),
    );
  }
}
