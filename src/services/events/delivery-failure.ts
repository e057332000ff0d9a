/** Why a target was not reached, and whether another attempt may reach it. */
import { AwsError } from '../../core/errors.ts';

/** Source: user guide, "Using dead-letter queues": values of ERROR_CODE, which it calls a sample. */
export interface DeliveryFailure {
  readonly code:
    | 'NO_PERMISSIONS'
    | 'NO_RESOURCE'
    | 'THROTTLING'
    | 'INVALID_PARAMETER'
    | 'CONNECTION_FAILURE'
    | 'TIMEOUT'
    | 'ERROR_FROM_TARGET'
    | 'THIRD_ACCOUNT_HOP_DETECTED'
    | 'INTERNAL_ERROR';
  readonly message: string;
  /** What nobody repairs by waiting: permissions that are missing, a target that is gone. */
  readonly isFinal: boolean;
  /** When whoever has refused wants to be asked again, at the earliest. */
  readonly retryAfterMs?: number;
}

/** A failure that is not in the words of the service that was to be reached: of endpoints outside, of EventBridge itself. */
export class TargetFailure extends Error {
  readonly failure: DeliveryFailure;

  constructor(failure: DeliveryFailure) {
    super(failure.message);
    this.name = 'TargetFailure';
    this.failure = failure;
  }
}

export function failureOf(error: unknown): DeliveryFailure {
  if (error instanceof TargetFailure) return error.failure;
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
