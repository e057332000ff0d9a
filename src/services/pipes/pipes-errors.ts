/** The errors of EventBridge Pipes. Where AWS's words are not known they are our own. */
import { AwsError } from '../../core/errors.ts';

export function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function noSuchPipe(name: string): AwsError {
  return new AwsError('NotFoundException', `Pipe ${name} does not exist.`);
}

export function pipeExists(name: string): AwsError {
  return conflict(name, `Pipe ${name} already exists.`);
}

export function pipeInTransition(name: string, state: string): AwsError {
  return conflict(name, `Pipe ${name} is ${state} and cannot be changed now.`);
}

function conflict(resourceId: string, message: string): AwsError {
  return new AwsError('ConflictException', message, { resourceId, resourceType: 'Pipe' });
}

export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `pipes does not implement ${what} yet.`, {}, 501);
}
