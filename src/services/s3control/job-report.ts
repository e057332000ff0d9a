/** Completion reports. Source: user guide, "Examples: S3 Batch Operations completion reports". */
import { createHash } from 'node:crypto';
import { csvLine } from './csv-rows.ts';
import type { FinishedTask, JobRecord } from './job-record.ts';
import { bucketOfArn } from './job-settings.ts';
import type { JobServices } from './s3control-context.ts';
import { roleCaller } from './s3control-context.ts';

/** Lines of one file; how many AWS puts into one it does not say. */
const MAX_FILE_LINES = 10_000;
const SCHEMA = 'Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage';

type ExecutionStatus = 'succeeded' | 'failed';

interface ReportFile {
  readonly TaskExecutionStatus: ExecutionStatus;
  readonly Bucket: string;
  readonly MD5Checksum: string;
  readonly Key: string;
}

/** Writes it in the job's role; what has been written of it before is overwritten. Rejects where S3 refuses it. */
export async function writeReport(services: JobServices, job: JobRecord): Promise<void> {
  const { Report: report } = job.settings;
  // Source: as above: there is none of a job of which nothing was carried out.
  if (report?.Enabled !== true || job.succeeded + job.failed === 0) return;
  await new ReportWriter(services, job, report.ReportScope === 'FailedTasksOnly').write();
}

class ReportWriter {
  private readonly services: JobServices;
  private readonly job: JobRecord;
  private readonly isOfFailures: boolean;
  private readonly bucket: string;
  private readonly directory: string;
  private readonly files: ReportFile[] = [];
  private readonly lines: Record<ExecutionStatus, string[]> = { succeeded: [], failed: [] };

  constructor(services: JobServices, job: JobRecord, isOfFailures: boolean) {
    const { Bucket, Prefix } = job.settings.Report ?? {};
    this.services = services;
    this.job = job;
    this.isOfFailures = isOfFailures;
    this.bucket = bucketOfArn(Bucket);
    this.directory = `${Prefix === undefined || Prefix === '' ? '' : `${Prefix}/`}job-${job.jobId}`;
  }

  async write(): Promise<void> {
    for await (const task of this.services.jobs.results(this.job)) await this.add(task);
    await this.flush('succeeded');
    await this.flush('failed');
    const manifest = {
      Format: 'Report_CSV_20180820',
      ReportCreationDate: new Date(this.services.clock.now()).toISOString(),
      Results: this.files,
      ReportSchema: SCHEMA,
    };
    await this.put(`${this.directory}/manifest.json`, JSON.stringify(manifest));
  }

  private async add(task: FinishedTask): Promise<void> {
    if (task.isSucceeded && this.isOfFailures) return;
    const status = task.isSucceeded ? 'succeeded' : 'failed';
    const { bucket, key, versionId = '' } = task;
    this.lines[status].push(csvLine([bucket, key, versionId, status, task.code, task.status, task.message]));
    if (this.lines[status].length === MAX_FILE_LINES) await this.flush(status);
  }

  private async flush(status: ExecutionStatus): Promise<void> {
    const text = this.lines[status].join('');
    if (text === '') return;
    this.lines[status] = [];
    const name = createHash('sha1').update(`${this.job.jobId} ${this.files.length}`).digest('hex');
    const Key = `${this.directory}/results/${name}.csv`;
    await this.put(Key, text);
    const MD5Checksum = createHash('md5').update(text).digest('hex');
    this.files.push({ TaskExecutionStatus: status, Bucket: this.bucket, MD5Checksum, Key });
  }

  private async put(Key: string, Body: string): Promise<void> {
    const input = { Bucket: this.bucket, Key, Body };
    await this.services.callAs(roleCaller(this.job), 's3', 'PutObject', input);
  }
}
