/** Makes the tasks of a job from its manifest, which may change from then on. */
import { inStatus, type JobRecord, type JobTask } from './job-record.ts';
import { CHUNK_RECORDS } from './job-table.ts';
import { ManifestError, manifestTasks } from './manifest-reader.ts';
import type { JobServices } from './s3control-context.ts';

/** What a process before has not brought to its end is begun anew. */
export async function prepareJob(services: JobServices, job: JobRecord): Promise<void> {
  const { jobs, clock } = services;
  /** Its owner may cancel it meanwhile. */
  const change = (from: JobRecord['status'], to: (known: JobRecord) => JobRecord) =>
    jobs.change(job, (known) => (known.status === from ? to(known) : known));
  await change('New', (known) => inStatus(known, 'Preparing', clock.now()));
  await jobs.removeTasks(job);
  try {
    const total = await storeTasks(services, job);
    const status = job.settings.ConfirmationRequired === true ? 'Suspended' : 'Ready';
    await change('Preparing', (known) => ({ ...inStatus(known, status, clock.now()), total }));
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const failures = [error.failure];
    await change('Preparing', (known) => ({ ...inStatus(known, 'Failing', clock.now()), failures }));
  }
}

/** How many they are. */
async function storeTasks(services: JobServices, job: JobRecord): Promise<number> {
  let total = 0;
  let tasks: JobTask[] = [];
  const store = async (): Promise<void> => {
    await services.jobs.addTasks(job, total, tasks);
    total += tasks.length;
    tasks = [];
  };
  for await (const task of manifestTasks(services, job)) {
    tasks.push(task);
    if (tasks.length === CHUNK_RECORDS) await store();
  }
  await store();
  return total;
}
