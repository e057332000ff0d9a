/** Lambda's modelled errors, in AWS's words. */
import { AwsError } from '../../core/errors.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn } from '../records/function-identifier.ts';

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message, { Type: 'User' });
}

export function conflict(message: string): AwsError {
  return new AwsError('ResourceConflictException', message, { Type: 'User' });
}

export function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message, { Type: 'User' });
}

export function preconditionFailed(): AwsError {
  return revisionMismatch('GetFunction/GetAlias');
}

/** `operation` is the one that answers the revision. */
export function revisionMismatch(operation: string): AwsError {
  return new AwsError(
    'PreconditionFailedException',
    `The Revision Id provided does not match the latest Revision Id. Call the ${operation} API to retrieve the latest Revision Id`,
    { Type: 'User' },
  );
}

/** Of a resource, and of its policy or its URL where the resource is there. */
export function noSuchResource(): AwsError {
  return notFound('The resource you requested does not exist.');
}

export function tooLarge(message: string): AwsError {
  // Recorded without a Type.
  return new AwsError('RequestEntityTooLargeException', message, {}, 413);
}

/** A value the model lets through but the service does not, in the form of a broken constraint. */
export function constraintError(value: unknown, path: string, rule: string): AwsError {
  return new AwsError('ValidationException', constraintText(value, path, rule));
}

export function constraintText(value: unknown, path: string, rule: string): string {
  return `1 validation error detected: Value '${String(value)}' at '${path}' failed to satisfy constraint: ${rule}`;
}

/** Nobody may do that in another account, as no policy can say so. */
export function notAuthorized(
  operation: string,
  resource: FunctionIdentifier,
  caller: { readonly accountId: string },
): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: arn:aws:iam::${caller.accountId}:root is not authorized to perform: lambda:${operation} on resource: ${functionArn(resource)}`,
    {},
    403,
  );
}

export function notImplemented(operation: string, part: string): AwsError {
  return new AwsError('NotImplemented', `lambda:${operation} does not implement ${part} yet.`, {}, 501);
}
