/** Carries out the tasks of a job, several at a time. */
import { backOffMs } from '../../core/back-off.ts';
import { functionTask } from './function-task.ts';
import type { JobAddress, JobRecord, JobTask } from './job-record.ts';
import type { NumberedTask } from './job-table.ts';
import { objectTask } from './object-task.ts';
import type { JobServices } from './s3control-context.ts';
import type { AttemptTask } from './task-outcome.ts';

/** Tasks of one job that are under way at a time. */
const MAX_CONCURRENT_TASKS = 10;
/** AWS does not say how often it tries a task again that has failed for a while. */
const MAX_ATTEMPTS = 6;
const BACK_OFF = { firstMs: 1_000, maxMs: 60_000 };

export class TaskRunner {
  private readonly services: JobServices;
  private readonly onFunction: AttemptTask;
  private readonly onObject: AttemptTask;

  constructor(services: JobServices) {
    this.services = services;
    this.onFunction = functionTask(services);
    this.onObject = objectTask(services);
  }

  /**
   * Attempts every task that is due, for as long as `goesOn`. Returns when the next one is due, in service time;
   * undefined where none is left, or where it was stopped.
   */
  async run(job: JobRecord, goesOn: () => boolean): Promise<number | undefined> {
    const due = new DueTasks(this.services, job);
    let waitingMs = Infinity;
    const work = async (): Promise<void> => {
      while (goesOn()) {
        const next = await due.next();
        if (next === undefined) return;
        const againMs = await this.attempt(job, next);
        waitingMs = Math.min(waitingMs, againMs ?? Infinity);
      }
    };
    // Where one rejects the others end what they are at before the job is looked at again.
    const ends = await Promise.allSettled(Array.from({ length: MAX_CONCURRENT_TASKS }, work));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    const nextMs = Math.min(waitingMs, due.waitingMs);
    return nextMs === Infinity ? undefined : nextMs;
  }

  /** When it is to be tried again; undefined where it has come to its end. */
  private async attempt(job: JobRecord, { id, task }: NumberedTask): Promise<number | undefined> {
    const { jobs, clock } = this.services;
    const isOfFunction = job.settings.Operation?.LambdaInvoke !== undefined;
    const outcome = await (isOfFunction ? this.onFunction : this.onObject)(job, taskId(job, id), task);
    const attempts = task.attempts + 1;
    if (outcome.isTemporary && attempts < MAX_ATTEMPTS) {
      const dueMs = clock.now() + backOffMs(BACK_OFF, attempts);
      await jobs.postpone(job, id, { ...task, attempts, dueMs });
      return dueMs;
    }
    await jobs.finish(job, id, finished(task, outcome), clock.now());
    return undefined;
  }
}

function finished(
  { bucket, key, versionId }: JobTask,
  { isTemporary: _, ...result }: Awaited<ReturnType<AttemptTask>>,
) {
  return { bucket, key, ...(versionId === undefined ? {} : { versionId }), ...result };
}

/** Stays the same for all attempts. */
function taskId({ jobId }: JobAddress, id: string): string {
  return Buffer.from(`${jobId}/${Number(id)}`).toString('base64');
}

/** Tasks as they are asked for, read a chunk at a time. */
class DueTasks {
  private readonly services: JobServices;
  private readonly job: JobAddress;
  private tasks: NumberedTask[] = [];
  private lastId: string | undefined;
  private reading: Promise<boolean> | undefined;
  /** The earliest time of those that are not due yet. */
  waitingMs = Infinity;

  constructor(services: JobServices, job: JobAddress) {
    this.services = services;
    this.job = job;
  }

  async next(): Promise<NumberedTask | undefined> {
    for (;;) {
      const next = this.tasks.shift();
      if (next === undefined) {
        if (!(await this.more())) return undefined;
      } else if (next.task.dueMs <= this.services.clock.now()) {
        return next;
      } else {
        this.waitingMs = Math.min(this.waitingMs, next.task.dueMs);
      }
    }
  }

  /** Whether more have been read; those who ask at the same time are answered as one. */
  private more(): Promise<boolean> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async read(): Promise<boolean> {
    const found = await this.services.jobs.tasks(this.job, this.lastId);
    this.lastId = found.at(-1)?.id ?? this.lastId;
    this.tasks = [...found];
    return found.length > 0;
  }
}
