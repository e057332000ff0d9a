/** Errors of S3 Batch Operations. Source, unless said otherwise: user guide, "Troubleshooting S3 Batch Operations". */
import { AwsError } from '../../core/errors.ts';

export function noSuchJob(): AwsError {
  return new AwsError('NoSuchJobException', 'No such job', {}, 404);
}

export function accessDenied(): AwsError {
  return new AwsError('AccessDenied', 'Access Denied', {}, 403);
}

export function invalidRequest(message: string): AwsError {
  return new AwsError('InvalidRequest', message, {}, 400);
}

/** Its name is the model's, the words are not AWS's. */
export function wrongStatus(message: string): AwsError {
  return new AwsError('JobStatusException', message, {}, 400);
}

/** As of `wrongStatus`. */
export function otherRequest(): AwsError {
  const message = 'The client request token belongs to a job with other parameters.';
  return new AwsError('IdempotencyException', message, {}, 400);
}

/** As of `wrongStatus`. */
export function tooManyTags(): AwsError {
  return new AwsError('TooManyTagsException', 'The number of tags exceeds the limit of 50.', {}, 400);
}

/** What is not whole here is refused by name. */
export function notImplemented(part: string): AwsError {
  return new AwsError('NotImplemented', `s3:CreateJob does not implement ${part} yet.`, {}, 501);
}
