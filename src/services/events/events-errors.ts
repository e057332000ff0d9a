/** The errors of EventBridge, in its words, as recorded unless said otherwise. */
import { AwsError } from '../../core/errors.ts';

export function busNotFound(name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
}

export function ruleNotFound(name: string, bus: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${bus}.`);
}

export function resourceNotFound(what: string): AwsError {
  return new AwsError('ResourceNotFoundException', `${what} does not exist.`);
}

export function alreadyExists(what: string): AwsError {
  return new AwsError('ResourceAlreadyExistsException', `${what} already exists.`);
}

export function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function invalidParameter(name: string): AwsError {
  return invalid(`Parameter ${name} is not valid.`);
}

export function invalidPattern(reason: string): AwsError {
  return new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
}

export function limitExceeded(): AwsError {
  return new AwsError('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
}

/** What is not whole here is refused by name. */
export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `selfsame does not implement ${what} of EventBridge yet.`, {}, 501);
}
