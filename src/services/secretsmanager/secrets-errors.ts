/** The errors of Secrets Manager, in its words: recorded, unless said otherwise. */
import { AwsError } from '../../core/errors.ts';

export function secretNotFound(): AwsError {
  return notFound("Secrets Manager can't find the specified secret.");
}

export function stageNotFound(stage: string): AwsError {
  return notFound(`Secrets Manager can't find the specified secret value for staging label: ${stage}`);
}

export function versionNotFound(versionId: string): AwsError {
  return notFound(`Secrets Manager can't find the specified secret value for VersionId: ${versionId}`);
}

export function secretExists(name: string): AwsError {
  return new AwsError(
    'ResourceExistsException',
    `The operation failed because the secret ${name} already exists.`,
  );
}

/** Words by moto, which has taken them from AWS. */
export function tokenInUse(token: string, arn: string): AwsError {
  return new AwsError(
    'ResourceExistsException',
    `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${arn}.`,
  );
}

export function markedForDeletion(): AwsError {
  return invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
}

/** Words by people who met them: redpanda-data/console#1835 among many. */
export function nameScheduledForDeletion(): AwsError {
  return invalidRequest(
    "You can't create this secret because a secret with this name is already scheduled for deletion.",
  );
}

export function invalidRequest(message: string): AwsError {
  return new AwsError('InvalidRequestException', message);
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

export function invalidName(): AwsError {
  return new AwsError(
    'ValidationException',
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    {},
    400,
  );
}

export function invalidNextToken(): AwsError {
  return new AwsError('InvalidNextTokenException', 'Invalid NextToken');
}

/** What is not whole here is refused by name. */
export function notImplemented(what: string): AwsError {
  return new AwsError(
    'NotImplemented',
    `selfsame does not implement ${what} of Secrets Manager yet.`,
    {},
    501,
  );
}

function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message);
}
