/** Errors of durable executions, in AWS's words where AWS or its testing kit was seen to say them. */
import { AwsError } from '../../core/errors.ts';
import { invalidParameter, notFound } from '../control/lambda-errors.ts';

/** AWS's SDK for durable functions knows it by how it begins, and gives up the invocation only. */
export function invalidCheckpointToken(): AwsError {
  return invalidParameter('Invalid Checkpoint Token');
}

export function executionNotFound(arn: string): AwsError {
  return notFound(`Durable execution not found: ${arn}`);
}

export function callbackNotFound(callbackId: string): AwsError {
  return notFound(`Callback not found: ${callbackId}`);
}

/** The functional specification of the API: "has either expired or … has already been closed". */
export function callbackClosed(callbackId: string): AwsError {
  return new AwsError(
    'CallbackTimeoutException',
    `The callback ${callbackId} has either expired or has already been closed.`,
    { Type: 'User' },
  );
}

export function alreadyStarted(name: string): AwsError {
  return new AwsError(
    'DurableExecutionAlreadyStartedException',
    `A durable execution with the name ${name} was already started with another payload.`,
    { Type: 'User' },
  );
}

/** AWS's words, quoted by users of the Serverless Framework (serverless/serverless#13589). */
export function unqualified(): AwsError {
  return invalidParameter('You cannot invoke a durable function using an unqualified ARN.');
}

export function tooLongToWaitFor(): AwsError {
  return invalidParameter(
    'You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.',
  );
}
