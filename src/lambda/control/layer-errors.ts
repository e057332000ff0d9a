/** What AWS answers about layers that are not there or not for the caller. */
import { AwsError } from '../../core/errors.ts';
import type { LayerVersionIdentifier } from '../records/layer-identifier.ts';
import { layerVersionArn } from '../records/layer-identifier.ts';
import { notFound } from './lambda-errors.ts';

/** The policy's operations name the version; recorded with these words. */
export function layerVersionNotFound(identifier: LayerVersionIdentifier): AwsError {
  return notFound(`Layer version ${layerVersionArn(identifier)} does not exist.`);
}

/** Also for a version that does not exist: others are not told which of an account's do. */
export function layerAccessDenied(operation: string, resource: string, accountId: string): AwsError {
  const action = `lambda:${operation}`;
  return new AwsError(
    'AccessDeniedException',
    `User: arn:aws:iam::${accountId}:root is not authorized to perform: ${action} on resource: ${resource} ` +
      `because no resource-based policy allows the ${action} action`,
    {},
    403,
  );
}
