import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Ids } from '../../core/ids.ts';

/** Of the key that seals what connections know of others' secrets. */
export const SEAL_KEY_BYTES = 32;
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Texts that only the holder of a key can read, and cannot be changed unnoticed. */
export class TextSeal {
  private readonly key: Uint8Array;
  private readonly ids: Ids;

  /** `key` has `SEAL_KEY_BYTES`. */
  constructor(key: Uint8Array, ids: Ids) {
    this.key = key;
    this.ids = ids;
  }

  /** Base64. */
  seal(text: string): string {
    const nonce = Buffer.from(this.ids.hex(NONCE_BYTES), 'hex');
    const cipher = createCipheriv(ALGORITHM, this.key, nonce);
    const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** Throws where the text was sealed with another key, or has been changed. */
  unseal(sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv(ALGORITHM, this.key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)),
      decipher.final(),
    ]).toString();
  }
}
