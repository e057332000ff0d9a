/**
 * Values are sealed under data keys of KMS, one a version, as on AWS. Source: Secrets Manager user guide, "Secret
 * encryption and decryption", whence the encryption context is too.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call } from '../../ports/call.ts';
import type { SealedValue, SecretRecord } from './secret-record.ts';
import { secretArn } from './secret-record.ts';

/** A value as it was given. */
export type SecretValue = { readonly text: string } | { readonly bytes: Uint8Array };

/** The key that Secrets Manager keeps, for secrets that name none. */
const DEFAULT_KEY = 'alias/aws/secretsmanager';
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

type Owner = Pick<SecretRecord, 'accountId' | 'region' | 'name' | 'suffix' | 'kmsKeyId'>;

export class SecretCipher {
  private readonly call: Call;
  private readonly ids: Ids;

  constructor(call: Call, ids: Ids) {
    this.call = call;
    this.ids = ids;
  }

  /** Throws `EncryptionFailure` where the key cannot be used. */
  async seal(owner: Owner, versionId: string, value: SecretValue): Promise<SealedValue> {
    const key = await this.ask(owner, versionId, 'GenerateDataKey', {
      KeyId: owner.kmsKeyId ?? DEFAULT_KEY,
      KeySpec: 'AES_256',
    });
    const nonce = Buffer.from(this.ids.hex(NONCE_BYTES), 'hex');
    const cipher = createCipheriv(ALGORITHM, key.Plaintext!, nonce);
    const plain = 'text' in value ? Buffer.from(value.text) : value.bytes;
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return {
      sealed: Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64'),
      isBinary: 'bytes' in value,
      dataKey: Buffer.from(key.CiphertextBlob!).toString('base64'),
      ...(owner.kmsKeyId === undefined ? {} : { kmsKeyArn: key.KeyId! }),
    };
  }

  /** Throws `DecryptionFailure` where the key cannot be used. */
  async open(owner: Owner, versionId: string, value: SealedValue): Promise<SecretValue> {
    const { Plaintext: key } = await this.ask(owner, versionId, 'Decrypt', {
      CiphertextBlob: Buffer.from(value.dataKey, 'base64'),
    });
    const bytes = Buffer.from(value.sealed, 'base64');
    const decipher = createDecipheriv(ALGORITHM, key!, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const sealed = bytes.subarray(NONCE_BYTES + TAG_BYTES);
    const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
    return value.isBinary ? { bytes: plain } : { text: plain.toString() };
  }

  private async ask(
    owner: Owner,
    versionId: string,
    operation: 'GenerateDataKey' | 'Decrypt',
    input: object,
  ) {
    const { accountId, region } = owner;
    const EncryptionContext = { SecretARN: secretArn(owner), SecretVersionId: versionId };
    try {
      return (await this.call({ accountId, region }, 'kms', operation, { ...input, EncryptionContext })) as {
        readonly Plaintext?: Uint8Array;
        readonly CiphertextBlob?: Uint8Array;
        readonly KeyId?: string;
      };
    } catch (error) {
      throw keyRefusal(error, operation);
    }
  }
}

/** Codes and words by the API reference of Secrets Manager; what KMS says is added. */
function keyRefusal(error: unknown, operation: 'GenerateDataKey' | 'Decrypt'): unknown {
  if (!(error instanceof AwsError)) return error;
  return operation === 'Decrypt'
    ? new AwsError(
        'DecryptionFailure',
        `Secrets Manager can't decrypt the protected secret text using the provided KMS key. ${error.message}`,
      )
    : new AwsError(
        'EncryptionFailure',
        `Secrets Manager can't encrypt the protected secret text using the provided KMS key. ${error.message}`,
      );
}

export function isSameValue(a: SecretValue, b: SecretValue): boolean {
  if ('text' in a || 'text' in b) return 'text' in a && 'text' in b && a.text === b.text;
  return Buffer.compare(a.bytes, b.bytes) === 0;
}
