/** Manifests: comma-separated lines, of which each is a task. Source: user guide, "Specifying a manifest". */
import type { JobFailure } from '@aws-sdk/client-s3-control';
import { AwsError } from '../../core/errors.ts';
import { csvRows } from './csv-rows.ts';
import type { JobRecord, JobTask } from './job-record.ts';
import { manifestObject } from './job-settings.ts';
import type { JobServices } from './s3control-context.ts';
import { roleCaller } from './s3control-context.ts';

/** A manifest that cannot be carried out; the job fails with it. */
export class ManifestError extends Error {
  readonly failure: JobFailure;

  constructor(FailureCode: string, FailureReason: string) {
    super(FailureReason);
    this.name = 'ManifestError';
    this.failure = { FailureCode, FailureReason };
  }
}

/** Source: user guide, "Troubleshooting S3 Batch Operations". */
function invalidContent(): ManifestError {
  return new ManifestError('InvalidManifestContent', 'Invalid Manifest Content');
}

/** The tasks of a job in the order of its manifest, read in the job's role. Throws `ManifestError`. */
export async function* manifestTasks(
  { callAs }: Pick<JobServices, 'callAs'>,
  job: JobRecord,
): AsyncGenerator<JobTask, void> {
  const { Manifest } = job.settings;
  const { Body: body, ETag: etag } = await opened(callAs, job);
  try {
    // The code and its words are not AWS's.
    if (unquoted(etag) !== unquoted(Manifest?.Location?.ETag))
      throw new ManifestError('ManifestETagMismatch', 'The manifest is not the one with the given ETag.');
    for await (const row of csvRows(textOf(body))) yield taskOf(row, Manifest?.Spec?.Fields ?? []);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw invalidContent();
    throw error;
  } finally {
    // One that is read to its end does nothing more.
    if (!(body instanceof Uint8Array)) await body.return(undefined);
  }
}

interface OpenManifest {
  readonly Body: Uint8Array | AsyncGenerator<Uint8Array>;
  readonly ETag: string;
}

async function opened(callAs: JobServices['callAs'], job: JobRecord): Promise<OpenManifest> {
  try {
    const object = manifestObject(job.settings.Manifest!);
    return (await callAs(roleCaller(job), 's3', 'GetObject', object)) as OpenManifest;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new ManifestError(error.code, `Reading the manifest failed: ${error.message}`);
  }
}

/** Throws `TypeError` for what is no UTF-8. */
async function* textOf(body: OpenManifest['Body']): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  if (body instanceof Uint8Array) yield decoder.decode(body, { stream: true });
  else for await (const piece of body) yield decoder.decode(piece, { stream: true });
  yield decoder.decode();
}

function taskOf(row: readonly string[], fields: readonly string[]): JobTask {
  if (row.length !== fields.length) throw invalidContent();
  const column = (name: string): string => row[fields.indexOf(name)] ?? '';
  const [bucket, key, versionId] = [column('Bucket'), column('Key'), column('VersionId')];
  if (bucket === '' || key === '') throw invalidContent();
  return { bucket, key, ...(versionId === '' ? {} : { versionId }), attempts: 0, dueMs: 0 };
}

function unquoted(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}
