/** Elastic Container Registry's modelled errors, in AWS's words. */
import { AwsError } from '../../core/errors.ts';

interface Named {
  readonly accountId: string;
  readonly name: string;
}

export function repositoryNotFound({ accountId, name }: Named): AwsError {
  return new AwsError(
    'RepositoryNotFoundException',
    `The repository with name '${name}' does not exist in the registry with id '${accountId}'`,
  );
}

export function repositoryExists({ accountId, name }: Named): AwsError {
  return new AwsError(
    'RepositoryAlreadyExistsException',
    `The repository with name '${name}' already exists in the registry with id '${accountId}'`,
  );
}

export function repositoryNotEmpty({ accountId, name }: Named): AwsError {
  return new AwsError(
    'RepositoryNotEmptyException',
    `The repository with name '${name}' in registry with id '${accountId}' cannot be deleted because it still contains images`,
  );
}

export function imageNotFound({ accountId, name }: Named, id: { digest?: string; tag?: string }): AwsError {
  const shown = `{imageDigest:'${id.digest ?? 'null'}', imageTag:'${id.tag ?? 'null'}'}`;
  return new AwsError(
    'ImageNotFoundException',
    `The image with imageId ${shown} does not exist within the repository with name '${name}' in the registry with id '${accountId}'`,
  );
}

export function policyNotFound({ accountId, name }: Named): AwsError {
  return new AwsError(
    'RepositoryPolicyNotFoundException',
    `Repository policy does not exist for the repository with name '${name}' in the registry with id '${accountId}'`,
  );
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

export function notImplemented(operation: string, part: string): AwsError {
  return new AwsError('NotImplemented', `ecr:${operation} does not implement ${part} yet.`, {}, 501);
}
