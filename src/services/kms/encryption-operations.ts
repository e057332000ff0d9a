/** Encrypt, Decrypt and ReEncrypt. */

import { AwsError } from '../../core/errors.ts';
import type { Named } from './ciphertext.ts';
import { decrypt, decryptRsa, encrypt, encryptRsa, keyOfCiphertext } from './ciphertext.ts';
import { encryptionAlgorithms } from './key-metadata.ts';
import type { KeyRecord, Scope } from './key-record.ts';
import { currentMaterial, keyArn } from './key-record.ts';
import type { KmsContext, KmsOperations } from './kms-context.ts';
import { keyOf, requireUsable, stopDryRun } from './kms-context.ts';
import { ciphertextOutOfReach, invalid, invalidCiphertext, notImplemented } from './kms-errors.ts';

type EncryptionContext = Record<string, string>;

export function encryptionOperations(
  context: KmsContext,
): Required<Pick<KmsOperations, 'Encrypt' | 'Decrypt' | 'ReEncrypt'>> {
  return {
    async Encrypt(input, caller) {
      const record = await keyOf(context, input.KeyId!, caller);
      requireUsable(record, 'ENCRYPT_DECRYPT', 'Encrypt');
      const algorithm = algorithmOf(record, input.EncryptionAlgorithm);
      stopDryRun(input);
      return {
        KeyId: keyArn(record),
        CiphertextBlob: encrypted(
          context,
          record,
          algorithm,
          input.Plaintext!,
          input.EncryptionContext ?? {},
        ),
        EncryptionAlgorithm: algorithm,
      };
    },

    async Decrypt(input, caller) {
      if (input.Recipient !== undefined) throw notImplemented('Decrypt', 'Recipient');
      const source = {
        keyId: input.KeyId,
        algorithm: input.EncryptionAlgorithm,
        context: input.EncryptionContext ?? {},
        ciphertext: input.CiphertextBlob!,
      };
      const named = await sourceKey(context, source, caller, 'Decrypt');
      const algorithm = algorithmOf(named.record, source.algorithm);
      stopDryRun(input);
      return {
        KeyId: keyArn(named.record),
        Plaintext: decrypted(context, named, algorithm, source),
        EncryptionAlgorithm: algorithm,
        ...(named.record.keySpec === 'SYMMETRIC_DEFAULT' ? { KeyMaterialId: named.material.id } : {}),
      };
    },

    async ReEncrypt(input, caller) {
      const source = {
        keyId: input.SourceKeyId,
        algorithm: input.SourceEncryptionAlgorithm,
        context: input.SourceEncryptionContext ?? {},
        ciphertext: input.CiphertextBlob!,
      };
      const from = await sourceKey(context, source, caller, 'ReEncrypt');
      const fromAlgorithm = algorithmOf(from.record, source.algorithm);
      const to = await keyOf(context, input.DestinationKeyId!, caller);
      requireUsable(to, 'ENCRYPT_DECRYPT', 'ReEncrypt');
      const toAlgorithm = algorithmOf(to, input.DestinationEncryptionAlgorithm);
      stopDryRun(input);
      const plaintext = decrypted(context, from, fromAlgorithm, source);
      return {
        CiphertextBlob: encrypted(
          context,
          to,
          toAlgorithm,
          plaintext,
          input.DestinationEncryptionContext ?? {},
        ),
        SourceKeyId: keyArn(from.record),
        KeyId: keyArn(to),
        SourceEncryptionAlgorithm: fromAlgorithm,
        DestinationEncryptionAlgorithm: toAlgorithm,
      };
    },
  };
}

interface Source {
  readonly keyId: string | undefined;
  readonly algorithm: string | undefined;
  readonly context: EncryptionContext;
  readonly ciphertext: Uint8Array;
}

/** A ciphertext of a symmetric key says whose it is; one of an RSA key does not. */
async function sourceKey(
  context: KmsContext,
  source: Source,
  caller: Scope,
  operation: string,
): Promise<Named> {
  const isSymmetric = (source.algorithm ?? 'SYMMETRIC_DEFAULT') === 'SYMMETRIC_DEFAULT';
  if (!isSymmetric && source.keyId === undefined)
    throw invalid('KeyId is required when the encryption algorithm is not SYMMETRIC_DEFAULT.');
  const wanted = source.keyId === undefined ? undefined : await keyOf(context, source.keyId, caller);
  const named = isSymmetric
    ? keyOfCiphertext(context.keys, source.ciphertext)
    : { record: wanted!, material: currentMaterial(wanted!) };
  if (named === undefined) throw invalidCiphertext();
  if (named.record.region !== caller.region) throw ciphertextOutOfReach();
  if (wanted !== undefined && wanted.keyId !== named.record.keyId) {
    throw new AwsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  requireUsable(named.record, 'ENCRYPT_DECRYPT', operation);
  return named;
}

type Algorithm = 'SYMMETRIC_DEFAULT' | 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256' | 'SM2PKE';

/** Throws where the key does not have the algorithm. */
function algorithmOf(record: KeyRecord, asked: Algorithm | undefined | string): Algorithm {
  const algorithm = asked ?? 'SYMMETRIC_DEFAULT';
  const found = encryptionAlgorithms(record).find((name) => name === algorithm);
  if (found === undefined) {
    throw new AwsError(
      'InvalidKeyUsageException',
      `The request was rejected because the encryption algorithm ${algorithm} is incompatible with the key spec ${record.keySpec}.`,
    );
  }
  return found;
}

function encrypted(
  { root }: KmsContext,
  record: KeyRecord,
  algorithm: Algorithm,
  plaintext: Uint8Array,
  encryptionContext: EncryptionContext,
): Buffer {
  if (algorithm === 'SYMMETRIC_DEFAULT') return encrypt(root, record, plaintext, encryptionContext);
  return encryptRsa(root, record, algorithm, plaintext);
}

function decrypted({ root }: KmsContext, named: Named, algorithm: Algorithm, source: Source): Buffer {
  if (algorithm === 'SYMMETRIC_DEFAULT') return decrypt(root, named, source.ciphertext, source.context);
  return decryptRsa(root, named.record, algorithm, source.ciphertext);
}
