/** Errors of durable executions, in AWS's words where AWS or its testing kit was seen to say them. */
import { AwsError } from '../../core/errors.ts';

export function invalidUpdate(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message, { Type: 'User' });
}

/** AWS's SDK for durable functions knows it by how it begins, and gives up the invocation only. */
export function invalidCheckpointToken(): AwsError {
  return invalidUpdate('Invalid Checkpoint Token');
}

export function executionNotFound(arn: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Durable execution not found: ${arn}`, { Type: 'User' });
}

export function callbackNotFound(callbackId: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Callback not found: ${callbackId}`, { Type: 'User' });
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
  return invalidUpdate('You cannot invoke a durable function using an unqualified ARN.');
}

export function tooLongToWaitFor(): AwsError {
  return invalidUpdate(
    'You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.',
  );
}
