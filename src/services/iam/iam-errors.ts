/** IAM's errors, in its words. */
import { AwsError } from '../../core/errors.ts';

export type EntityNoun = 'user' | 'group' | 'role';

export function noSuchEntity(message: string): AwsError {
  return new AwsError('NoSuchEntity', message);
}

/** Also of what belongs to one: `role policy`. */
export function noSuchNamed(noun: string, name: string): AwsError {
  return noSuchEntity(`The ${noun} with name ${name} cannot be found.`);
}

export function noSuchPolicy(arn: string): AwsError {
  return noSuchEntity(`Policy ${arn} was not found.`);
}

export function alreadyExists(noun: string, name: string): AwsError {
  return new AwsError('EntityAlreadyExists', `${noun} with name ${name} already exists.`);
}

/** `first`: what is to be done before, for example `detach all policies`. */
export function mustFirst(first: string): AwsError {
  return new AwsError('DeleteConflict', `Cannot delete entity, must ${first} first.`);
}

export function quotaExceeded(quota: string, limit: number): AwsError {
  return new AwsError('LimitExceeded', `Cannot exceed quota for ${quota}: ${limit}`);
}

export function invalidInput(message: string): AwsError {
  return new AwsError('InvalidInput', message);
}

export function notImplemented(operation: string, part: string): AwsError {
  return new AwsError('NotImplemented', `iam:${operation} does not implement ${part} yet.`, {}, 501);
}

export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message, {}, 400);
}
