/** Keys for use outside KMS: in plain, and encrypted under a KMS key. Random bytes too. */
import { randomBytes } from 'node:crypto';
import { encrypt } from './ciphertext.ts';
import { newKeyPair } from './key-material.ts';
import type { KeyRecord, Scope } from './key-record.ts';
import { currentMaterial, keyArn } from './key-record.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { keyOf, requireUsable, stopDryRun } from './kms-context.ts';
import { invalid, invalidUsage, notImplemented } from './kms-errors.ts';

type DataKeyOperations =
  | 'GenerateDataKey'
  | 'GenerateDataKeyWithoutPlaintext'
  | 'GenerateDataKeyPair'
  | 'GenerateDataKeyPairWithoutPlaintext'
  | 'GenerateRandom';

/** Bytes of a data key by its spec. */
const DATA_KEY_BYTES = { AES_128: 16, AES_256: 32 } as const;

interface DataKeyRequest {
  readonly KeyId: string | undefined;
  readonly EncryptionContext?: Record<string, string> | undefined;
  readonly KeySpec?: keyof typeof DATA_KEY_BYTES | undefined;
  readonly NumberOfBytes?: number | undefined;
  readonly DryRun?: boolean | undefined;
  readonly Recipient?: unknown;
}

interface DataKeyPairRequest extends Omit<DataKeyRequest, 'KeySpec' | 'NumberOfBytes'> {
  readonly KeyPairSpec: string | undefined;
}

export function dataKeyOperations(context: KmsContext): Required<Pick<KmsOperations, DataKeyOperations>> {
  const dataKey = async (input: DataKeyRequest, caller: Scope, operation: string) => {
    const bytes = dataKeyBytes(input);
    const record = await symmetricKey(context, input, caller, operation);
    const plaintext = randomBytes(bytes);
    return {
      Plaintext: plaintext,
      rest: {
        CiphertextBlob: encrypt(context.root, record, plaintext, input.EncryptionContext ?? {}),
        KeyId: keyArn(record),
        KeyMaterialId: currentMaterial(record).id,
      },
    };
  };
  const dataKeyPair = async (input: DataKeyPairRequest, caller: Scope, operation: string) => {
    const spec = input.KeyPairSpec!;
    if (spec === 'SM2') throw notImplemented(operation, 'KeyPairSpec SM2');
    const record = await symmetricKey(context, input, caller, operation);
    const pair = await newKeyPair(spec);
    const plaintext = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
    return {
      PrivateKeyPlaintext: plaintext,
      rest: {
        PrivateKeyCiphertextBlob: encrypt(context.root, record, plaintext, input.EncryptionContext ?? {}),
        PublicKey: pair.publicKey.export({ format: 'der', type: 'spki' }),
        KeyId: keyArn(record),
        KeyPairSpec: spec as 'RSA_2048',
        KeyMaterialId: currentMaterial(record).id,
      },
    };
  };
  return {
    async GenerateDataKey(input, caller) {
      const { Plaintext, rest } = await dataKey(input, caller, 'GenerateDataKey');
      return { ...rest, Plaintext };
    },
    async GenerateDataKeyWithoutPlaintext(input, caller) {
      return (await dataKey(input, caller, 'GenerateDataKeyWithoutPlaintext')).rest;
    },
    async GenerateDataKeyPair(input, caller) {
      const { PrivateKeyPlaintext, rest } = await dataKeyPair(input, caller, 'GenerateDataKeyPair');
      return { ...rest, PrivateKeyPlaintext };
    },
    async GenerateDataKeyPairWithoutPlaintext(input, caller) {
      return (await dataKeyPair(input, caller, 'GenerateDataKeyPairWithoutPlaintext')).rest;
    },
    async GenerateRandom(input) {
      if (input.Recipient !== undefined) throw notImplemented('GenerateRandom', 'Recipient');
      if (input.CustomKeyStoreId !== undefined) throw notImplemented('GenerateRandom', 'CustomKeyStoreId');
      // Recorded.
      if (input.NumberOfBytes === undefined) throw invalid('NumberOfBytes is required.');
      return { Plaintext: randomBytes(input.NumberOfBytes) };
    },
  };
}

function dataKeyBytes({ KeySpec, NumberOfBytes }: DataKeyRequest): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined))
    throw invalid('Please specify either number of bytes or key spec.');
  return NumberOfBytes ?? DATA_KEY_BYTES[KeySpec!];
}

async function symmetricKey(
  context: KmsContext,
  input: DataKeyRequest | DataKeyPairRequest,
  caller: Scope,
  operation: string,
): Promise<KeyRecord> {
  if (input.Recipient !== undefined) throw notImplemented(operation, 'Recipient');
  const record = await keyOf(context, input.KeyId!, caller);
  requireUsable(record, 'ENCRYPT_DECRYPT', operation);
  if (record.keySpec !== 'SYMMETRIC_DEFAULT') throw invalidUsage(record, operation);
  stopDryRun(input);
  return record;
}
