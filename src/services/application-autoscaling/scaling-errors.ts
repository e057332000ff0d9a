/** Application Auto Scaling's modelled errors, in AWS's words. */
import { AwsError } from '../../core/errors.ts';
import type { TargetKey } from './scaling-records.ts';

export function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

function described({ serviceNamespace, resourceId, scalableDimension }: TargetKey): string {
  return `service namespace: ${serviceNamespace}, resource ID: ${resourceId}, scalable dimension: ${scalableDimension}`;
}

export function noSuchTarget(key: TargetKey): AwsError {
  return new AwsError('ObjectNotFoundException', `No scalable target registered for ${described(key)}`);
}

export function noTargetFound(key: TargetKey): AwsError {
  return new AwsError('ObjectNotFoundException', `No scalable target found for ${described(key)}`);
}

export function noSuchAction(name: string, key: TargetKey): AwsError {
  return new AwsError(
    'ObjectNotFoundException',
    `No scheduled action found for scheduled action name: ${name}, ${described(key)}`,
  );
}

export function noSuchPolicy(name: string, key: TargetKey): AwsError {
  return new AwsError(
    'ObjectNotFoundException',
    `No scaling policy found for policy name: ${name}, ${described(key)}`,
  );
}

export function notImplemented(operation: string, part: string): AwsError {
  return new AwsError(
    'NotImplemented',
    `application-autoscaling:${operation} does not implement ${part} yet.`,
    {},
    501,
  );
}
