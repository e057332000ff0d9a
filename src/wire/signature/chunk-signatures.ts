/**
 * Signatures of the chunks of an aws-chunked body: each signs its data and the signature before it,
 * beginning with the request's own (the seed).
 */
import type { KeyObject } from 'node:crypto';
import { timingSafeEqual, verify } from 'node:crypto';
import { hashOf } from './canonical-request.ts';
import { hmac } from './signing-key.ts';

export interface ChunkSignatures {
  /** Whether `signature` signs a chunk with this hash, after those checked before. */
  chunk(dataSha256: string, signature: string): boolean;
  /** Whether `signature` signs the trailer, given as `name:value\n` lines; after all chunks. */
  trailer(canonicalTrailer: string, signature: string): boolean;
}

/** From the request that announced the chunks. */
export interface SeedSignature {
  readonly date: string;
  readonly scopeText: string;
  readonly signature: string;
}

type Check = (stringToSign: string, signature: string) => boolean;

const EMPTY_SHA256 = hashOf('');

export function hmacChunkSignatures(seed: SeedSignature, key: Buffer): ChunkSignatures {
  return chain('AWS4-HMAC-SHA256', seed, (stringToSign, signature) => {
    const [expected, given] = [hmac(key, stringToSign), Buffer.from(signature, 'hex')];
    return given.length === expected.length && timingSafeEqual(expected, given);
  });
}

export function ecdsaChunkSignatures(seed: SeedSignature, key: KeyObject): ChunkSignatures {
  return chain('AWS4-ECDSA-P256-SHA256', seed, (stringToSign, signature) =>
    verify('sha256', Buffer.from(stringToSign), key, Buffer.from(signature, 'hex')),
  );
}

function chain(algorithm: string, seed: SeedSignature, check: Check): ChunkSignatures {
  let previous = seed.signature;
  const next = (kind: 'PAYLOAD' | 'TRAILER', rest: string, sent: string): boolean => {
    // ECDSA signatures differ in length and are padded, so that the length of the body is known before.
    const signature = withoutPadding(sent);
    const head = `${algorithm}-${kind}\n${seed.date}\n${seed.scopeText}\n${previous}\n`;
    if (!check(head + rest, signature)) return false;
    previous = signature;
    return true;
  };
  return {
    chunk: (dataSha256, signature) => next('PAYLOAD', `${EMPTY_SHA256}\n${dataSha256}`, signature),
    trailer: (canonicalTrailer, signature) => next('TRAILER', hashOf(canonicalTrailer), signature),
  };
}

function withoutPadding(signature: string): string {
  const star = signature.indexOf('*');
  return star < 0 ? signature : signature.slice(0, star);
}
