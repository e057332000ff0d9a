/**
 * What KMS encrypts to: version, key, which of its materials, then the sealed text. Clients treat it as
 * opaque. The encryption context is authenticated with it and not contained.
 */
import { constants, createPrivateKey, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { KeyMaterial, KeyRecord } from './key-record.ts';
import { currentMaterial } from './key-record.ts';
import type { KeyTable } from './key-table.ts';
import { invalid, invalidCiphertext } from './kms-errors.ts';
import type { RootKey } from './root-key.ts';
import { sealed, unsealed } from './root-key.ts';

export type EncryptionContext = Readonly<Record<string, string>>;

const VERSION = 1;
/** A key id without dashes, and as much of a material's id as tells it from the others of its key. */
const KEY_ID_BYTES = 16;
const MATERIAL_BYTES = 8;
const HEAD_BYTES = 1 + KEY_ID_BYTES + MATERIAL_BYTES;

export function encrypt(
  root: RootKey,
  record: KeyRecord,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Buffer {
  const { keyId } = record;
  const material = currentMaterial(record);
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = VERSION;
  head.write(keyId.replaceAll('-', ''), 1, 'hex');
  head.write(material.id.slice(0, MATERIAL_BYTES * 2), 1 + KEY_ID_BYTES, 'hex');
  return Buffer.concat([head, sealed(root.unseal(material.sealed, keyId), plaintext, canonical(context))]);
}

export interface Named {
  readonly record: KeyRecord;
  readonly material: KeyMaterial;
}

/** Which key a ciphertext names; undefined where it is none, or of a key that is not there. */
export function keyOfCiphertext(keys: KeyTable, ciphertext: Uint8Array): Named | undefined {
  const bytes = Buffer.from(ciphertext);
  const digits = bytes.toString('hex', 1, 1 + KEY_ID_BYTES);
  const keyId = digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const record = bytes[0] === VERSION ? keys.byId(keyId) : undefined;
  const part = bytes.toString('hex', 1 + KEY_ID_BYTES, HEAD_BYTES);
  const material = record?.materials.find(({ id }) => id.startsWith(part));
  if (record === undefined || material === undefined || bytes.length <= HEAD_BYTES) return undefined;
  return { record, material };
}

/** Throws `InvalidCiphertextException` for another context or a changed text, without saying which. */
export function decrypt(
  root: RootKey,
  { record, material }: Named,
  ciphertext: Uint8Array,
  context: EncryptionContext,
): Buffer {
  const key = root.unseal(material.sealed, record.keyId);
  try {
    return unsealed(key, ciphertext.subarray(HEAD_BYTES), canonical(context));
  } catch {
    throw invalidCiphertext();
  }
}

/** The order of names has no meaning. */
function canonical(context: EncryptionContext): string {
  return JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const OAEP_HASHES: Readonly<Record<string, string>> = {
  RSAES_OAEP_SHA_1: 'sha1',
  RSAES_OAEP_SHA_256: 'sha256',
};

function oaep(root: RootKey, record: KeyRecord, algorithm: string) {
  const material = root.unseal(currentMaterial(record).sealed, record.keyId);
  return {
    key: createPrivateKey({ key: material, format: 'der', type: 'pkcs8' }),
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: OAEP_HASHES[algorithm]!,
  };
}

export function encryptRsa(
  root: RootKey,
  record: KeyRecord,
  algorithm: string,
  plaintext: Uint8Array,
): Buffer {
  try {
    return publicEncrypt(oaep(root, record, algorithm), plaintext);
  } catch {
    throw invalid(
      `Plaintext of ${plaintext.length} bytes is too long for ${record.keySpec} with ${algorithm}.`,
    );
  }
}

export function decryptRsa(
  root: RootKey,
  record: KeyRecord,
  algorithm: string,
  ciphertext: Uint8Array,
): Buffer {
  try {
    return privateDecrypt(oaep(root, record, algorithm), ciphertext);
  } catch {
    throw invalidCiphertext();
  }
}
