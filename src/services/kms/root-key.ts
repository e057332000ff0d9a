/** The key under which the material of all KMS keys is sealed, so that no file holds it plain. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { PlatformError } from '../../core/errors.ts';

/** Bytes of an AES-256 key. */
export const ROOT_KEY_BYTES = 32;

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM: nonce, tag and ciphertext in one. `context` is authenticated and not kept. */
export function sealed(key: Uint8Array, plaintext: Uint8Array, context: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

/** Throws where key, context or a single bit differ. */
export function unsealed(key: Uint8Array, box: Uint8Array, context: string): Buffer {
  const bytes = Buffer.from(box.buffer, box.byteOffset, box.byteLength);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
}

export class RootKey {
  private readonly key: Uint8Array;

  constructor(key: Uint8Array) {
    this.key = key;
  }

  seal(material: Uint8Array, keyId: string): string {
    return sealed(this.key, material, keyId).toString('base64');
  }

  unseal(box: string, keyId: string): Buffer {
    try {
      return unsealed(this.key, Buffer.from(box, 'base64'), keyId);
    } catch {
      throw new PlatformError(
        `The material of the KMS key ${keyId} cannot be read with the root key of this data directory.`,
        'Put back the root key file that belongs to it.',
      );
    }
  }
}
