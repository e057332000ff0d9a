import type { KeyObject } from 'node:crypto';
import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeySpec } from './key-record.ts';

const keyPair = promisify(generateKeyPair);

/** Bytes of a key by its spec: those AWS documents for HMAC keys are the size of the hash. */
const SECRET_BYTES: Readonly<Partial<Record<KeySpec, number>>> = {
  SYMMETRIC_DEFAULT: 32,
  HMAC_224: 28,
  HMAC_256: 32,
  HMAC_384: 48,
  HMAC_512: 64,
};

/** New material: random bytes, or an RSA private key in PKCS #8. */
export async function newMaterial(keySpec: KeySpec): Promise<Buffer> {
  const bytes = SECRET_BYTES[keySpec];
  if (bytes !== undefined) return randomBytes(bytes);
  const { privateKey } = await newKeyPair(keySpec);
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

/** Named curves by KMS's names of specs; data key pairs have them too. */
const CURVES: Readonly<Record<string, string>> = {
  ECC_NIST_P256: 'prime256v1',
  ECC_NIST_P384: 'secp384r1',
  ECC_NIST_P521: 'secp521r1',
  ECC_SECG_P256K1: 'secp256k1',
};

/** A pair by KMS's name of its spec, as the model lists them; SM2 is not among those made here. */
export function newKeyPair(spec: string): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  const curve = CURVES[spec];
  if (curve !== undefined) return keyPair('ec', { namedCurve: curve });
  if (spec === 'ECC_NIST_EDWARDS25519') return keyPair('ed25519', {});
  return keyPair('rsa', { modulusLength: Number(spec.slice('RSA_'.length)) });
}
