/** Key Management Service's modelled errors, in AWS's words (recorded answers where there were any). */
import { AwsError } from '../../core/errors.ts';
import type { KeyRecord } from './key-record.ts';
import { keyArn } from './key-record.ts';

export function keyNotFound(arn: string): AwsError {
  return new AwsError('NotFoundException', `Key '${arn}' does not exist`);
}

export function aliasNotFound(arn: string): AwsError {
  return new AwsError('NotFoundException', `Alias ${arn} is not found.`);
}

export function invalidKeyId(keyId: string): AwsError {
  return new AwsError('NotFoundException', `Invalid keyId '${keyId}'`);
}

export function keyDisabled(record: KeyRecord): AwsError {
  return new AwsError('DisabledException', `${keyArn(record)} is disabled.`);
}

export function pendingDeletion(record: KeyRecord): AwsError {
  return new AwsError('KMSInvalidStateException', `${keyArn(record)} is pending deletion.`);
}

export function invalidUsage(record: KeyRecord, operation: string): AwsError {
  return new AwsError(
    'InvalidKeyUsageException',
    `${keyArn(record)} key usage is ${record.keyUsage} which is not valid for ${operation}.`,
  );
}

/** AWS says nothing about what is wrong with a ciphertext. */
export function invalidCiphertext(): AwsError {
  return new AwsError('InvalidCiphertextException', '');
}

/** Quoted from AWS's answers to Decrypt by many who met it. */
export function ciphertextOutOfReach(): AwsError {
  return new AwsError(
    'AccessDeniedException',
    'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    {},
    400,
  );
}

export function unsupported(message: string): AwsError {
  return new AwsError('UnsupportedOperationException', message);
}

export function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message, {}, 400);
}

/** For what `DryRun` asks: AWS answers success as an error. */
export function dryRun(): AwsError {
  return new AwsError(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  );
}

export function notImplemented(operation: string, what: string): AwsError {
  return new AwsError('NotImplemented', `kms:${operation} does not implement ${what} yet.`, {}, 501);
}
