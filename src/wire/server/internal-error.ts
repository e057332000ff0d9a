import { AwsError } from '../../core/errors.ts';

/** Code and words of each service's own internal error, where its API has one. */
const INTERNAL_ERRORS: Readonly<Record<string, readonly [code: string, message: string]>> = {
  dynamodb: ['InternalServerError', 'The request processing has failed because of an internal error.'],
  dynamodbstreams: ['InternalServerError', 'The request processing has failed because of an internal error.'],
  events: ['InternalException', 'The request processing has failed because of an internal error.'],
  kms: ['KMSInternalException', 'The request was rejected because an internal exception occurred.'],
  lambda: ['ServiceException', 'The AWS Lambda service encountered an internal error.'],
  s3: ['InternalError', 'We encountered an internal error. Please try again.'],
  sns: ['InternalError', 'The request processing has failed because of an internal error.'],
};

const COMMON = [
  'InternalFailure',
  'The request processing has failed because of an unknown error, exception or failure.',
] as const;

/** What the client is told of a bug: nothing but that there is one. The log has the rest. */
export function internalError(service: string | undefined): AwsError {
  const [code, message] = (service === undefined ? undefined : INTERNAL_ERRORS[service]) ?? COMMON;
  return new AwsError(code, message, service === 'lambda' ? { Type: 'Service' } : {}, 500);
}
