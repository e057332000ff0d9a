/** Tasks that invoke a function. Source: user guide, "Invoke AWS Lambda function". */
import type { JobRecord, JobTask } from './job-record.ts';
import type { JobServices } from './s3control-context.ts';
import { roleCaller } from './s3control-context.ts';
import type { AttemptTask, TaskOutcome } from './task-outcome.ts';
import { failed, failedCall, succeeded } from './task-outcome.ts';

/** As long as the ids in the examples of the user guide. */
const INVOCATION_ID_BYTES = 39;

interface InvokeAnswer {
  readonly FunctionError?: string;
  readonly Payload?: Uint8Array;
}

export function functionTask({ callAs, ids }: Pick<JobServices, 'callAs' | 'ids'>): AttemptTask {
  return async (job, taskId, task) => {
    const invocationId = Buffer.from(ids.hex(INVOCATION_ID_BYTES), 'hex').toString('base64');
    const event = taskEvent(job, { invocationId, taskId }, task);
    try {
      const answer = (await callAs(roleCaller(job), 'lambda', 'Invoke', {
        FunctionName: job.settings.Operation?.LambdaInvoke?.FunctionArn,
        InvocationType: 'RequestResponse',
        Payload: JSON.stringify(event),
      })) as InvokeAnswer;
      return outcomeOf(answer, taskId);
    } catch (error) {
      return failedCall(error);
    }
  };
}

/** One task an invocation, as AWS has it. A key is given as the manifest has it; only version 2.0 has arguments. */
function taskEvent(
  { jobId, settings }: JobRecord,
  { invocationId, taskId }: { readonly invocationId: string; readonly taskId: string },
  { bucket, key, versionId = null }: Omit<JobTask, 'versionId'> & { readonly versionId?: string | null },
): object {
  const { InvocationSchemaVersion = '1.0', UserArguments: userArguments } =
    settings.Operation?.LambdaInvoke ?? {};
  const isNewer = InvocationSchemaVersion === '2.0';
  return {
    invocationSchemaVersion: InvocationSchemaVersion,
    invocationId,
    job: { id: jobId, ...(userArguments === undefined ? {} : { userArguments }) },
    tasks: [
      {
        taskId,
        s3Key: key,
        s3VersionId: versionId,
        ...(isNewer ? { s3Bucket: bucket } : { s3BucketArn: `arn:aws:s3:::${bucket}` }),
      },
    ],
  };
}

function outcomeOf({ FunctionError, Payload }: InvokeAnswer, taskId: string): TaskOutcome {
  const text = Buffer.from(Payload ?? []).toString();
  if (FunctionError !== undefined) {
    return failed('PermanentFailure', `Lambda returned function error: ${text}`);
  }
  const response = parsedResponse(text);
  if (response === undefined) return failed('PermanentFailure', 'Lambda returned an invalid response.');
  const result = response.results.find((each) => each.taskId === taskId);
  // A result that is missing counts as the function has said.
  const code = result?.resultCode ?? response.treatMissingKeysAs ?? 'PermanentFailure';
  const message = result?.resultString ?? '';
  if (code === 'Succeeded') return succeeded(message);
  return failed(code, message);
}

const RESULT_CODES: readonly unknown[] = ['Succeeded', 'TemporaryFailure', 'PermanentFailure'];

interface TaskResponse {
  readonly treatMissingKeysAs?: string;
  readonly results: readonly {
    readonly taskId: string;
    readonly resultCode: string;
    readonly resultString?: string;
  }[];
}

/** Undefined for what is none. */
function parsedResponse(text: string): TaskResponse | undefined {
  try {
    const response: unknown = JSON.parse(text);
    return isResponse(response) ? response : undefined;
  } catch {
    return undefined;
  }
}

function isResponse(value: unknown): value is TaskResponse {
  if (typeof value !== 'object' || value === null) return false;
  const { treatMissingKeysAs: missing, results } = value as Record<string, unknown>;
  const isMissingKnown = missing === undefined || missing === null || RESULT_CODES.includes(missing);
  return isMissingKnown && Array.isArray(results) && results.every(isResult);
}

function isResult(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { taskId, resultCode, resultString } = value as Record<string, unknown>;
  const isText = resultString === undefined || resultString === null || typeof resultString === 'string';
  return typeof taskId === 'string' && RESULT_CODES.includes(resultCode) && isText;
}
