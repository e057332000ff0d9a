import { AwsError } from '../../core/errors.ts';

export function invalidArgument(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}

/** Recorded from AWS by users of its SDKs, as are the other words of this file that name a stream. */
export function streamNotFound(name: string, accountId: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Firehose ${name} under account ${accountId} not found.`);
}

export function streamExists(name: string, accountId: string): AwsError {
  return new AwsError(
    'ResourceInUseException',
    `Firehose ${name} under accountId ${accountId} already exists`,
  );
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message);
}

export function versionConflict(current: string, given: string): AwsError {
  return new AwsError(
    'ConcurrentModificationException',
    `Cannot update firehose: the current version is ${current}, not ${given}.`,
  );
}

export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `selfsame does not implement ${what} of Firehose yet.`, {}, 501);
}
