/** Tasks that are calls of S3. */
import type { JobOperation, S3CopyObjectOperation, S3Tag } from '@aws-sdk/client-s3-control';
import type { JobTask } from './job-record.ts';
import { bucketOfArn } from './job-settings.ts';
import type { JobServices } from './s3control-context.ts';
import { roleCaller } from './s3control-context.ts';
import type { AttemptTask, TaskOutcome } from './task-outcome.ts';
import { failed, failedCall, succeeded } from './task-outcome.ts';

interface ObjectCall {
  readonly name: string;
  readonly input: object;
}

export function objectTask({ callAs }: Pick<JobServices, 'callAs'>): AttemptTask {
  return async (job, _taskId, task) => {
    const key = decodedKey(task.key);
    // As users have seen it in reports.
    if (key === undefined) return failed('BadRequest', "Task target couldn't be URL decoded", '400');
    const { name, input } = objectCall(job.settings.Operation ?? {}, { ...task, key });
    try {
      await callAs(roleCaller(job), 's3', name, input);
      return succeeded('Successful');
    } catch (error) {
      return inWordsOfS3(failedCall(error));
    }
  };
}

/** What a role does not allow has another name in S3 than elsewhere. */
function inWordsOfS3(outcome: TaskOutcome): TaskOutcome {
  return outcome.status === 'AccessDeniedException'
    ? failed('AccessDenied', outcome.message, '403')
    : outcome;
}

function objectCall(operation: JobOperation, task: JobTask): ObjectCall {
  if (operation.S3PutObjectCopy !== undefined) return copyCall(operation.S3PutObjectCopy, task);
  const object = {
    Bucket: task.bucket,
    Key: task.key,
    ...(task.versionId === undefined ? {} : { VersionId: task.versionId }),
  };
  const tags = operation.S3PutObjectTagging?.TagSet;
  if (tags === undefined) return { name: 'DeleteObjectTagging', input: object };
  return { name: 'PutObjectTagging', input: { ...object, Tagging: { TagSet: tags } } };
}

function copyCall(copy: S3CopyObjectOperation, { bucket, key, versionId }: JobTask): ObjectCall {
  const { TargetKeyPrefix: prefix, NewObjectTagging: tags, StorageClass } = copy;
  const source = encodeURIComponent(`${bucket}/${key}`).replaceAll('%2F', '/');
  const input = {
    Bucket: bucketOfArn(copy.TargetResource),
    Key: prefix === undefined ? key : `${prefix}/${key}`,
    CopySource: versionId === undefined ? source : `${source}?versionId=${versionId}`,
    ...(StorageClass === undefined ? {} : { StorageClass }),
    ...(tags === undefined ? {} : { TaggingDirective: 'REPLACE', Tagging: tagQuery(tags) }),
  };
  return { name: 'CopyObject', input };
}

function tagQuery(tags: readonly S3Tag[]): string {
  return tags
    .map(({ Key = '', Value = '' }) => `${encodeURIComponent(Key)}=${encodeURIComponent(Value)}`)
    .join('&');
}

/** Keys of manifests are percent-encoded, and may have a plus for a space. */
function decodedKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
