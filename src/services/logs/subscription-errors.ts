/**
 * AWS's words of what is wrong with a subscription. From the sentences that users of PutSubscriptionFilter quote
 * (hashicorp/terraform-provider-aws issue 17049, alertlogic/cloudwatch-logs-s3-export issue 9).
 */
import { AwsError } from '../../core/errors.ts';

export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

export function limitExceeded(): AwsError {
  return new AwsError('LimitExceededException', 'Resource limit exceeded.');
}

export function filterNotFound(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The specified subscription filter does not exist.');
}

export function unknownVendor(vendor: string): AwsError {
  return invalid(`PutSubscriptionFilter operation cannot work with destinationArn for vendor ${vendor}`);
}

export function cannotInvoke(): AwsError {
  return invalid(
    'Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.',
  );
}

export function cannotReach(vendor: string): AwsError {
  switch (vendor) {
    case 'kinesis':
      return invalid(
        'Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state. ',
      );
    case 'firehose':
      return invalid(
        'Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE state.',
      );
    default:
      return invalid(
        'Could not deliver test message to specified destination. Check if the destination is valid.',
      );
  }
}

const TRANSIENT = /Throttl|TooManyRequests|Unavailable|Internal|ServiceException|Exceeded/;

/**
 * Whether a delivery is tried again: throttling, and what is wrong with the receiver itself. What refuses it is not
 * asked again. Source: CloudWatch Logs user guide, "Real-time processing of log data with subscriptions".
 */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof AwsError)) return true;
  return error.code !== 'NotImplemented' && ((error.status ?? 0) >= 500 || TRANSIENT.test(error.code));
}
