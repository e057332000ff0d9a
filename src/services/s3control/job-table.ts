/**
 * Jobs, their tasks to do and the results of those done. A job is in memory as well; a task is only ever read in its turn,
 * so that jobs may have any number of them. What a task has come to, and the job's count of it, are one commit.
 */
import { Turns } from '../../core/turns.ts';
import type { StateStore, StateWrite } from '../../ports/state-store.ts';
import type { FinishedTask, JobAddress, JobRecord, JobTask } from './job-record.ts';
import { counted, jobKey } from './job-record.ts';

const JOBS = 's3-jobs';
const TASKS = 's3-job-tasks';
const RESULTS = 's3-job-results';

/** Records that are read, or removed, at a time. */
export const CHUNK_RECORDS = 500;
/** Digits of a task's number in its key, which keeps the order of the manifest: as many as a safe integer has. */
const NUMBER_DIGITS = 16;

export interface NumberedTask {
  /** Names it among the tasks of its job; in the order of the manifest. */
  readonly id: string;
  readonly task: JobTask;
}

export class JobTable {
  private readonly state: StateStore;
  private readonly records = new Map<string, JobRecord>();
  private readonly turns = new Turns();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<JobTable> {
    const table = new JobTable(state);
    for (const { key, value } of await state.list<JobRecord>(JOBS)) table.records.set(key, value);
    return table;
  }

  get(address: JobAddress): JobRecord | undefined {
    return this.records.get(jobKey(address));
  }

  all(): readonly JobRecord[] {
    return [...this.records.values()];
  }

  /** `change` sees the record as it is by then, and gives what it is to be; a job that is gone stays so. */
  change(address: JobAddress, change: (record: JobRecord) => JobRecord): Promise<JobRecord | undefined> {
    return this.commit(address, change, []);
  }

  async add(record: JobRecord): Promise<void> {
    await this.state.commit([{ table: JOBS, key: jobKey(record), value: record }]);
    this.records.set(jobKey(record), record);
  }

  /** With all that belongs to it. */
  async remove(address: JobAddress): Promise<void> {
    await this.removeTasks(address);
    await this.removeResults(address);
    await this.turns.run(jobKey(address), async () => {
      await this.state.commit([{ table: JOBS, key: jobKey(address), delete: true }]);
      this.records.delete(jobKey(address));
    });
  }

  /** `first` is the number of the first of them. */
  async addTasks({ jobId }: JobAddress, first: number, tasks: readonly JobTask[]): Promise<void> {
    await this.state.commit(
      tasks.map((value, index) => ({ table: TASKS, key: taskKey(jobId, numberText(first + index)), value })),
    );
  }

  async tasks({ jobId }: JobAddress, afterId: string | undefined): Promise<readonly NumberedTask[]> {
    const prefix = `${jobId}/`;
    const after = afterId === undefined ? {} : { after: taskKey(jobId, afterId) };
    const found = await this.state.list<JobTask>(TASKS, { prefix, limit: CHUNK_RECORDS, ...after });
    return found.map(({ key, value }) => ({ id: key.slice(prefix.length), task: value }));
  }

  /** The task is to be tried again. */
  async postpone({ jobId }: JobAddress, id: string, task: JobTask): Promise<void> {
    await this.state.commit([{ table: TASKS, key: taskKey(jobId, id), value: task }]);
  }

  /** The task has come to its end. */
  async finish(address: JobAddress, id: string, result: FinishedTask, nowMs: number): Promise<void> {
    const key = taskKey(address.jobId, id);
    await this.commit(address, (record) => counted(record, result, nowMs), [
      { table: TASKS, key, delete: true },
      { table: RESULTS, key, value: result },
    ]);
  }

  /** In the order of the manifest, so many at a time. */
  async *results({ jobId }: JobAddress): AsyncGenerator<FinishedTask, void> {
    yield* this.values<FinishedTask>(RESULTS, jobId);
  }

  removeTasks(address: JobAddress): Promise<void> {
    return this.clear(TASKS, address);
  }

  removeResults(address: JobAddress): Promise<void> {
    return this.clear(RESULTS, address);
  }

  private commit(
    address: JobAddress,
    change: (record: JobRecord) => JobRecord,
    writes: readonly StateWrite[],
  ): Promise<JobRecord | undefined> {
    const key = jobKey(address);
    return this.turns.run(key, async () => {
      const before = this.records.get(key);
      if (before === undefined) return undefined;
      const record = change(before);
      if (record === before && writes.length === 0) return record;
      await this.state.commit([{ table: JOBS, key, value: record }, ...writes]);
      this.records.set(key, record);
      return record;
    });
  }

  private async *values<T>(table: string, jobId: string): AsyncGenerator<T, void> {
    const prefix = `${jobId}/`;
    let after: { readonly after?: string } = {};
    for (;;) {
      const found = await this.state.list<T>(table, { prefix, limit: CHUNK_RECORDS, ...after });
      for (const { value } of found) yield value;
      if (found.length < CHUNK_RECORDS) return;
      after = { after: found.at(-1)!.key };
    }
  }

  private async clear(table: string, { jobId }: JobAddress): Promise<void> {
    for (;;) {
      const found = await this.state.list(table, { prefix: `${jobId}/`, limit: CHUNK_RECORDS });
      if (found.length === 0) return;
      await this.state.commit(found.map(({ key }) => ({ table, key, delete: true as const })));
    }
  }
}

function taskKey(jobId: string, id: string): string {
  return `${jobId}/${id}`;
}

function numberText(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, '0');
}
