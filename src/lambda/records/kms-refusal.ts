import { AwsError } from '../../core/errors.ts';

/** KMS's errors as Lambda reports them, with what is wrong in AWS's words. */
const REFUSALS: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  DisabledException: ['KMSDisabledException', 'the KMS key used is disabled'],
  NotFoundException: ['KMSNotFoundException', 'the KMS key was not found'],
  KMSInvalidStateException: [
    'KMSInvalidStateException',
    'the state of the KMS key used is not valid for Decrypt',
  ],
  AccessDeniedException: ['KMSAccessDeniedException', 'KMS access was denied'],
};

export interface KmsRefusal {
  /** Of Lambda's error. */
  readonly code: string;
  readonly reason: string;
  /** What KMS has said, as Lambda's messages end. */
  readonly said: string;
}

/** Throws what is no refusal of KMS's. */
export function kmsRefusal(error: unknown): KmsRefusal {
  if (!(error instanceof AwsError)) throw error;
  const known = REFUSALS[error.code];
  // A deleted key takes with it what tells that a ciphertext was its own.
  if (known === undefined && error.code !== 'InvalidCiphertextException') throw error;
  const [code, reason] = known ?? REFUSALS['NotFoundException']!;
  return { code, reason, said: `KMS Exception: ${error.code} KMS Message: ${error.message}` };
}
