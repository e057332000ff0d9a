/** The errors of SNS, in its words: recorded answers, where the API reference has none. */
import { AwsError } from '../../core/errors.ts';

export function invalidParameter(what: string): AwsError {
  return new AwsError('InvalidParameterException', `Invalid parameter: ${what}`);
}

export function topicDoesNotExist(): AwsError {
  return new AwsError('NotFoundException', 'Topic does not exist');
}

export function subscriptionDoesNotExist(): AwsError {
  return new AwsError('NotFoundException', 'Subscription does not exist');
}

/** Quoted from what tools report of subscriptions of other accounts. */
export function foreignSubscription(): AwsError {
  return new AwsError('AuthorizationErrorException', 'Not authorized to access this subscription', {}, 403);
}

export function invalidAttribute(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}

export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `selfsame does not implement ${what} yet.`, {}, 501);
}
