/**
 * Environment variables are kept encrypted under a KMS key: the function's own, or the account's
 * `alias/aws/lambda`. Encryption context as on AWS: `aws:lambda:FunctionArn`.
 */
import { AwsError } from '../../core/errors.ts';
import type { Call } from '../../ports/call.ts';
import { functionArn } from './function-identifier.ts';
import type { FunctionRecord } from './function-record.ts';

export type Variables = Readonly<Record<string, string>>;

type Owner = Pick<FunctionRecord, 'accountId' | 'region' | 'functionName' | 'kmsKeyArn'>;

/** The key of functions that have none of their own. */
const DEFAULT_KEY = 'alias/aws/lambda';

/** KMS's errors as Lambda reports them at an invocation, with what is wrong in AWS's words. */
const REFUSALS: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  DisabledException: ['KMSDisabledException', 'the KMS key used is disabled'],
  NotFoundException: ['KMSNotFoundException', 'the KMS key was not found'],
  KMSInvalidStateException: [
    'KMSInvalidStateException',
    'the state of the KMS key used is not valid for Decrypt',
  ],
  AccessDeniedException: ['KMSAccessDeniedException', 'KMS access was denied'],
};

export class EnvironmentCipher {
  private readonly call: Call;

  constructor(call: Call) {
    this.call = call;
  }

  /** Base64. Throws what CreateFunction answers where the key cannot be used. */
  async seal(owner: Owner, variables: Variables): Promise<string> {
    const input = {
      KeyId: hasOwnKey(owner) ? owner.kmsKeyArn : DEFAULT_KEY,
      Plaintext: Buffer.from(JSON.stringify(variables)),
      EncryptionContext: contextOf(owner),
    };
    try {
      const { CiphertextBlob } = (await this.call(owner, 'kms', 'Encrypt', input)) as {
        CiphertextBlob: Uint8Array;
      };
      return Buffer.from(CiphertextBlob).toString('base64');
    } catch (error) {
      const [, reason] = refusalOf(error);
      throw new AwsError(
        'InvalidParameterValueException',
        `Lambda was unable to configure access to your environment variables because ${reason}. Please check your KMS key settings. KMS Exception: ${(error as AwsError).code} KMS Message: ${(error as AwsError).message}`,
        { Type: 'User' },
      );
    }
  }

  /** Throws what Invoke answers where the key cannot be used. */
  async open(owner: Owner, sealed: string): Promise<Variables> {
    const input = { CiphertextBlob: Buffer.from(sealed, 'base64'), EncryptionContext: contextOf(owner) };
    try {
      const { Plaintext } = (await this.call(owner, 'kms', 'Decrypt', input)) as { Plaintext: Uint8Array };
      return JSON.parse(Buffer.from(Plaintext).toString()) as Variables;
    } catch (error) {
      const [code, reason] = refusalOf(error);
      throw new AwsError(
        code,
        `Lambda was unable to decrypt the environment variables because ${reason}. Please check the function's KMS key settings. KMS Exception: ${(error as AwsError).code} KMS Message: ${(error as AwsError).message}`,
        { Type: 'User' },
      );
    }
  }
}

export function hasOwnKey({ kmsKeyArn }: Pick<FunctionRecord, 'kmsKeyArn'>): boolean {
  return kmsKeyArn !== undefined && kmsKeyArn !== '';
}

function contextOf({ accountId, region, functionName }: Owner): Record<string, string> {
  return { 'aws:lambda:FunctionArn': functionArn({ accountId, region, functionName, qualifier: undefined }) };
}

/** Throws what is no refusal of KMS's. */
function refusalOf(error: unknown): readonly [code: string, reason: string] {
  const refusal = error instanceof AwsError ? REFUSALS[error.code] : undefined;
  // A deleted key takes with it what tells that a ciphertext was its own.
  const isGone = error instanceof AwsError && error.code === 'InvalidCiphertextException';
  if (refusal === undefined && !isGone) throw error;
  return refusal ?? REFUSALS['NotFoundException']!;
}
