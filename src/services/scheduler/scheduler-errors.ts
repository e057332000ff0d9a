/** The errors of EventBridge Scheduler. Words that are not recorded are those that AWS's users quote, else our own. */
import { AwsError } from '../../core/errors.ts';

export function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

/** Recorded for "create_schedule_with_invalid_schedule_expression". */
export function invalidExpression(expression: string): AwsError {
  return invalid(`Invalid Schedule Expression ${expression}.`);
}

export function noSuchSchedule(name: string): AwsError {
  return notFound(`Schedule ${name} does not exist.`);
}

export function noSuchGroup(name: string): AwsError {
  return notFound(`Schedule group ${name} does not exist.`);
}

export function scheduleExists(name: string): AwsError {
  return conflict(`Schedule ${name} already exists.`);
}

export function groupExists(name: string): AwsError {
  return conflict(`Schedule group ${name} already exists.`);
}

export function tokenReused(): AwsError {
  return conflict('The client token was used for another request.');
}

export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `scheduler does not implement ${what} yet.`, {}, 501);
}

/** The members of these errors are written large, unlike the model's other messages. */
function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message, { Message: message });
}

function conflict(message: string): AwsError {
  return new AwsError('ConflictException', message, { Message: message });
}
