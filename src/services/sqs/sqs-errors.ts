/** The errors of SQS, in its words. Each says where they were seen, if not in the API reference. */
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';

/** Recorded for JSON and for Query, which differ. */
export function queueDoesNotExist(context?: RequestContext): AwsError {
  return new AwsError(
    'QueueDoesNotExist',
    context !== undefined && speaksQuery(context)
      ? 'The specified queue does not exist for this wsdl version.'
      : 'The specified queue does not exist.',
  );
}

/** JSON clients name their operation in a header, Query clients in the form. */
function speaksQuery({ headers }: RequestContext): boolean {
  return headers['x-amz-target'] === undefined && headers.host !== undefined;
}

/** `InvalidParameterValueException` in JSON, `InvalidParameterValue` in Query and in the header for its clients. */
export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}

export function invalidValue(value: unknown, parameter: string, reason: string): AwsError {
  return invalidParameter(`Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`);
}

export function missingParameter(name: string): AwsError {
  return new AwsError('MissingRequiredParameterException', `The request must contain the parameter ${name}.`);
}

export function unknownAttribute(name: string): AwsError {
  return new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
}

export function invalidAttributeValue(name: string): AwsError {
  return new AwsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
}

export function notForThisQueueType(value: unknown, parameter: string): AwsError {
  return invalidValue(
    value,
    parameter,
    'The request include parameter that is not valid for this queue type',
  );
}

export function invalidReceiptHandle(handle: string): AwsError {
  return new AwsError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${handle}" is not a valid receipt handle.`,
  );
}

export function expiredReceiptHandle(handle: string): AwsError {
  return invalidValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');
}

/** One entry of a batch that failed, as the answer tells of it. */
export function failedEntry(id: string, error: unknown) {
  if (!(error instanceof AwsError)) throw error;
  const code = QUERY_CODES[error.code] ?? error.code;
  return { Id: id, SenderFault: true, Code: code, Message: error.message };
}

/** Entries name the codes of Query in either protocol. */
const QUERY_CODES: Readonly<Record<string, string>> = {
  InvalidParameterValueException: 'InvalidParameterValue',
  MissingRequiredParameterException: 'MissingParameter',
};
