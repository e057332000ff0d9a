/** Why a target was not reached, and whether another attempt may reach it. */
import { AwsError } from '../../core/errors.ts';

/** Source: user guide, "Using dead-letter queues": the values of ERROR_CODE. */
export interface DeliveryFailure {
  readonly code:
    | 'NO_PERMISSIONS'
    | 'NO_RESOURCE'
    | 'THROTTLING'
    | 'INVALID_PARAMETER'
    | 'CONNECTION_FAILURE'
    | 'TIMEOUT'
    | 'ERROR_FROM_TARGET'
    | 'INTERNAL_ERROR';
  readonly message: string;
  /** What nobody repairs by waiting: permissions that are missing, a target that is gone. */
  readonly isFinal: boolean;
}

/** A failure of an endpoint outside AWS. */
export class EndpointFailure extends Error {
  readonly failure: DeliveryFailure;

  constructor(failure: DeliveryFailure) {
    super(failure.message);
    this.name = 'EndpointFailure';
    this.failure = failure;
  }
}

export function failureOf(error: unknown): DeliveryFailure {
  if (error instanceof EndpointFailure) return error.failure;
  if (!(error instanceof AwsError)) return { code: 'INTERNAL_ERROR', message: String(error), isFinal: false };
  const { code: name, message } = error;
  if (/AccessDenied|Authorization|Forbidden/.test(name))
    return { code: 'NO_PERMISSIONS', message, isFinal: true };
  if (/NotFound|NonExistent|DoesNotExist|NoSuch/.test(name))
    return { code: 'NO_RESOURCE', message, isFinal: true };
  if (/Throttl|TooManyRequests|RequestLimit|ThroughputExceeded/.test(name))
    return { code: 'THROTTLING', message, isFinal: false };
  if (/Validation|InvalidParameter|InvalidRequest|MissingParameter/.test(name))
    return { code: 'INVALID_PARAMETER', message, isFinal: true };
  // Another attempt at what is not written yet would be the same.
  return { code: 'ERROR_FROM_TARGET', message, isFinal: name === 'NotImplemented' };
}
