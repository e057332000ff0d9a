/** Keys of Signature Version 4, derived from the secret and kept, since a client's day has one. */
import type { KeyObject } from 'node:crypto';
import { createECDH, createHmac, createPublicKey } from 'node:crypto';
import { invariant } from '../../core/errors.ts';

/** Keys kept at once; when there are more, all are derived anew. */
const MAX_KEPT_KEYS = 1_000;

const hmacKeys = new Map<string, Buffer>();
const publicKeys = new Map<string, KeyObject>();

/** The HMAC key of SigV4 for a day, region and service. */
export function hmacKey(secret: string, date: string, region: string, service: string): Buffer {
  const name = `${date}/${region}/${service}/${secret}`;
  return kept(hmacKeys, name, () => {
    const dateKey = hmac(`AWS4${secret}`, date);
    return hmac(hmac(hmac(dateKey, region), service), 'aws4_request');
  });
}

/** The public key of SigV4A, whose private key client and server both derive from the secret. */
export function ecdsaPublicKey(accessKeyId: string, secret: string): KeyObject {
  return kept(publicKeys, `${accessKeyId}/${secret}`, () => {
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(ecdsaPrivateKey(accessKeyId, secret));
    const point = ecdh.getPublicKey();
    const coordinate = (start: number) => point.subarray(start, start + 32).toString('base64url');
    return createPublicKey({
      format: 'jwk',
      key: { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) },
    });
  });
}

/** The order of the curve P-256 minus two. */
const ORDER_MINUS_TWO = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254fn;

/** A candidate is out of range about once in 2^32 keys, twice in a row never. */
const MAX_CANDIDATES = 254;

/** NIST SP 800-108 in counter mode with HMAC-SHA256; the first candidate in range, plus one. 32 bytes. */
export function ecdsaPrivateKey(accessKeyId: string, secret: string): Buffer {
  for (let counter = 1; counter <= MAX_CANDIDATES; counter += 1) {
    const input = Buffer.concat([
      Buffer.from([0, 0, 0, 1]),
      Buffer.from('AWS4-ECDSA-P256-SHA256'),
      Buffer.from([0]),
      Buffer.from(accessKeyId),
      Buffer.from([counter, 0, 0, 1, 0]),
    ]);
    const candidate = BigInt(`0x${hmac(`AWS4A${secret}`, input).toString('hex')}`);
    if (candidate > ORDER_MINUS_TWO) continue;
    return Buffer.from((candidate + 1n).toString(16).padStart(64, '0'), 'hex');
  }
  invariant(false, 'no candidate for an ECDSA key is in range');
}

export function hmac(key: string | Buffer, data: string | Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function kept<Key>(keys: Map<string, Key>, name: string, derive: () => Key): Key {
  const known = keys.get(name);
  if (known !== undefined) return known;
  if (keys.size >= MAX_KEPT_KEYS) keys.clear();
  const key = derive();
  keys.set(name, key);
  return key;
}
