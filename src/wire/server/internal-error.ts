import type { PlatformError } from '../../core/errors.ts';
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

/**
 * What the client is told of a bug: nothing but that there is one; the log has the rest. Of a `mendable`
 * condition of this server it is told all, since who calls a server of their own can mend it.
 */
export function internalError(service: string | undefined, mendable?: PlatformError): AwsError {
  const [code, words] = (service === undefined ? undefined : INTERNAL_ERRORS[service]) ?? COMMON;
  const message = mendable === undefined ? words : `${mendable.message}. ${mendable.remedy}`;
  return new AwsError(code, message, service === 'lambda' ? { Type: 'Service' } : {}, 500);
}
