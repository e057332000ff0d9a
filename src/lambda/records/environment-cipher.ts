/**
 * Environment variables are kept encrypted under a KMS key: the function's own, or the account's
 * `alias/aws/lambda`. Encryption context as on AWS: `aws:lambda:FunctionArn`.
 */
import { AwsError } from '../../core/errors.ts';
import type { Call } from '../../ports/call.ts';
import { functionArn } from './function-identifier.ts';
import type { FunctionRecord } from './function-record.ts';
import { kmsRefusal } from './kms-refusal.ts';

export type Variables = Readonly<Record<string, string>>;

type Owner = Pick<FunctionRecord, 'accountId' | 'region' | 'functionName' | 'kmsKeyArn'>;

/** The key of functions that have none of their own. */
const DEFAULT_KEY = 'alias/aws/lambda';

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
      const { reason, said } = kmsRefusal(error);
      throw new AwsError(
        'InvalidParameterValueException',
        `Lambda was unable to configure access to your environment variables because ${reason}. Please check your KMS key settings. ${said}`,
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
      const { code, reason, said } = kmsRefusal(error);
      throw new AwsError(
        code,
        `Lambda was unable to decrypt the environment variables because ${reason}. Please check the function's KMS key settings. ${said}`,
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
