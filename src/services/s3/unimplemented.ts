/** Settings of objects that are not here yet; each is refused by name, so that none seems to be in force. */
import { notImplemented } from './s3-errors.ts';

const REFUSED = [
  'ServerSideEncryption',
  'SSEKMSKeyId',
  'SSEKMSEncryptionContext',
  'SSECustomerAlgorithm',
  'SSECustomerKey',
  'SSECustomerKeyMD5',
  'CopySourceSSECustomerAlgorithm',
  'CopySourceSSECustomerKey',
  'BucketKeyEnabled',
  'AnnotationDirective',
  'ObjectLockEventHold',
  'ObjectLockEventHoldDurationDays',
  'ObjectLockEventHoldDurationYears',
  'ObjectLockMode',
  'ObjectLockRetainUntilDate',
  'ObjectLockLegalHoldStatus',
  'WriteOffsetBytes',
] as const;

export function refuseUnimplementedSettings(operation: string, input: object): void {
  const members = input as Readonly<Record<string, unknown>>;
  for (const name of REFUSED) if (members[name] !== undefined) throw notImplemented(operation, name);
}
