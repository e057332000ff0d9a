/** A key as the API shows it. */
import type { KeyMetadata } from '@aws-sdk/client-kms';
import type { KeyRecord } from './key-record.ts';
import { currentMaterial, keyArn } from './key-record.ts';

type EncryptionAlgorithm = 'SYMMETRIC_DEFAULT' | 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256';
type MacAlgorithm = 'HMAC_SHA_224' | 'HMAC_SHA_256' | 'HMAC_SHA_384' | 'HMAC_SHA_512';

export function encryptionAlgorithms({ keyUsage, keySpec }: KeyRecord): EncryptionAlgorithm[] {
  if (keyUsage !== 'ENCRYPT_DECRYPT') return [];
  return keySpec === 'SYMMETRIC_DEFAULT' ? ['SYMMETRIC_DEFAULT'] : ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'];
}

/** An HMAC key has the one algorithm of its size. */
export function macAlgorithm({ keySpec }: KeyRecord): MacAlgorithm | undefined {
  return keySpec.startsWith('HMAC_') ? (keySpec.replace('HMAC_', 'HMAC_SHA_') as MacAlgorithm) : undefined;
}

export function keyMetadata(record: KeyRecord): KeyMetadata {
  const mac = macAlgorithm(record);
  return {
    AWSAccountId: record.accountId,
    KeyId: record.keyId,
    Arn: keyArn(record),
    CreationDate: new Date(record.createdMs),
    Enabled: record.state === 'Enabled',
    Description: record.description,
    KeyUsage: record.keyUsage,
    KeyState: record.state,
    ...(record.deletion === undefined ? {} : { DeletionDate: new Date(record.deletion.dueMs) }),
    Origin: 'AWS_KMS',
    KeyManager: record.manager,
    CustomerMasterKeySpec: record.keySpec,
    KeySpec: record.keySpec,
    ...(mac === undefined
      ? { EncryptionAlgorithms: encryptionAlgorithms(record) }
      : { MacAlgorithms: [mac] }),
    MultiRegion: false,
    ...(record.keySpec === 'SYMMETRIC_DEFAULT' ? { CurrentKeyMaterialId: currentMaterial(record).id } : {}),
  };
}
