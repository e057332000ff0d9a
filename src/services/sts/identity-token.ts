/** Identity tokens of OpenID Connect: JSON web tokens, by RFC 7515, 7517, 7518 and 7519. */
import type { JsonWebKey } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';

/** What is used of a token's claims. */
export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  /** Seconds since the epoch, as `nbf`. */
  readonly exp: number;
  readonly nbf?: number;
  readonly azp?: string;
  readonly amr?: string | readonly string[];
  readonly email?: string;
}

export interface IdentityToken {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly claims: TokenClaims;
  /** The text that is signed, and its signature. */
  readonly signed: string;
  readonly signature: Buffer;
}

export interface KeySet {
  readonly keys: readonly (JsonWebKey & { readonly kid?: string })[];
}

/** Those that AWS takes, with the hash and type of key of each. Source: IAM User Guide, "Create an OIDC identity provider". */
const ALGORITHMS: Readonly<Record<string, readonly [hash: string, keyType: 'RSA' | 'EC']>> = {
  RS256: ['sha256', 'RSA'],
  RS384: ['sha384', 'RSA'],
  RS512: ['sha512', 'RSA'],
  ES256: ['sha256', 'EC'],
  ES384: ['sha384', 'EC'],
  ES512: ['sha512', 'EC'],
};

/** Undefined for what is no signed token, or lacks one of the claims that every identity token has. */
export function parseIdentityToken(text: string): IdentityToken | undefined {
  const [head = '', body = '', signature = '', ...rest] = text.split('.');
  const [header, claims] = [jsonOf(head), jsonOf(body)];
  if (rest.length > 0 || signature === '' || header === undefined || claims === undefined) return undefined;
  const { alg, kid } = header;
  if (typeof alg !== 'string' || ALGORITHMS[alg] === undefined || !hasClaims(claims)) return undefined;
  return {
    algorithm: alg,
    keyId: typeof kid === 'string' ? kid : undefined,
    claims,
    signed: `${head}.${body}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

/** Whether one of the keys, the one that the token names, has signed it. */
export function isSignedBy(
  { algorithm, keyId, signed, signature }: IdentityToken,
  { keys }: KeySet,
): boolean {
  const [hash, keyType] = ALGORITHMS[algorithm]!;
  return keys
    .filter(({ kty, kid }) => kty === keyType && (keyId === undefined || kid === keyId))
    .some((jwk) => {
      try {
        const key = createPublicKey({ key: jwk, format: 'jwk' });
        return verify(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
      } catch {
        // No key of its type at all: it has signed nothing.
        return false;
      }
    });
}

export function audiencesOf({ aud }: TokenClaims): readonly string[] {
  return typeof aud === 'string' ? [aud] : aud;
}

function hasClaims(
  claims: Readonly<Record<string, unknown>>,
): claims is TokenClaims & Record<string, unknown> {
  const { iss, sub, aud, exp, nbf } = claims;
  const isAudience =
    typeof aud === 'string' || (Array.isArray(aud) && aud.every((one) => typeof one === 'string'));
  return (
    typeof iss === 'string' &&
    typeof sub === 'string' &&
    isAudience &&
    typeof exp === 'number' &&
    (nbf === undefined || typeof nbf === 'number')
  );
}

function jsonOf(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
