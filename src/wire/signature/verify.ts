/**
 * Verification of Signature Version 4 and 4A, by header and presigned.
 *
 * It tells who signed and that nothing signed was changed. What the signer may do is not decided here.
 */
import { createHash, timingSafeEqual, verify as verifyEcdsa } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import type { Authentication } from './authentication.ts';
import { ECDSA_ALGORITHM, formatDate, parseAuthentication, parseDate } from './authentication.ts';
import { canonicalRequest, hashOf } from './canonical-request.ts';
import type { ChunkSignatures } from './chunk-signatures.ts';
import { ecdsaChunkSignatures, hmacChunkSignatures } from './chunk-signatures.ts';
import type { Dialect } from './refusal.ts';
import { refuse } from './refusal.ts';
import type { SignedRequest } from './signed-request.ts';
import { AUTHORITY, headerValues, queryValue } from './signed-request.ts';
import { ecdsaPublicKey, hmac, hmacKey } from './signing-key.ts';

export interface Credentials {
  readonly secretAccessKey: string;
  /** Set for temporary credentials, which are valid only together with it. */
  readonly sessionToken?: string;
  /** Until when they are valid, real time in epoch milliseconds; undefined for permanent ones. */
  readonly expiresMs?: number;
}

/**
 * The credentials of an access key; undefined when there is no such key. Where a key has several
 * sessions, those of the session that the request names.
 */
export type FindCredentials = (
  accessKeyId: string,
  sessionToken: string | undefined,
) => Promise<Credentials | undefined>;

export interface VerificationOptions {
  /** In whose codes a refusal is worded. S3's also decides how paths are signed. */
  readonly dialect: Dialect;
  /** Real time, epoch milliseconds: signatures are made by clients whose clock nobody moves. */
  readonly nowMs: number;
  readonly findCredentials: FindCredentials;
  /**
   * The body, where it has been read. Without it the hash that the request declares is taken, see
   * `declaresPayload`; the body is then held against it by `checkBody`.
   */
  readonly body?: Buffer;
}

export interface VerifiedSignature {
  readonly accessKeyId: string;
  /** Of temporary credentials. */
  readonly sessionToken: string | undefined;
  /** Hexadecimal SHA-256 that the body must have; undefined where the body was not signed as a whole. */
  readonly bodySha256: string | undefined;
  /** For bodies in signed chunks. */
  readonly chunks: ChunkSignatures | undefined;
  /** Throws the error of a signature that does not match. */
  readonly mismatch: () => AwsError;
}

/** How far a client's clock may be from ours, milliseconds: DynamoDB's and S3's figure, 15 minutes. */
export const MAX_SKEW_MS = 15 * 60_000;

const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

/** True when the signature can be verified before the body is there. */
export function declaresPayload(request: SignedRequest, dialect: Dialect): boolean {
  return declaredPayload(request, dialect) !== undefined;
}

/**
 * Verifies the signature of a request. Rejects with the `AwsError` that the called API would answer:
 * no signature, a broken one, an unknown key, a wrong one, one out of its time.
 */
export async function verifySignature(
  request: SignedRequest,
  options: VerificationOptions,
): Promise<VerifiedSignature> {
  const { dialect, nowMs, body } = options;
  const authentication = parseAuthentication(request, dialect);
  checkTime(authentication, dialect, nowMs);
  checkSignedHeaders(request, authentication, dialect);
  const { scope, sessionToken } = authentication;
  const credentials = await options.findCredentials(scope.accessKeyId, sessionToken);
  if (credentials === undefined) {
    throw refuse(
      dialect,
      'unknownKey',
      dialect === 's3'
        ? 'The AWS Access Key Id you provided does not exist in our records.'
        : 'The security token included in the request is invalid.',
      { AWSAccessKeyId: scope.accessKeyId },
    );
  }
  const payloadHash = payloadHashOf(request, authentication, dialect, body);
  const canonical = canonicalRequest(request, {
    signedHeaders: authentication.signedHeaders,
    payloadHash,
    rawPath: dialect === 's3',
  });
  const { algorithm, date, scopeText, signature } = authentication;
  const stringToSign = `${algorithm}\n${date}\n${scopeText}\n${hashOf(canonical)}`;
  const mismatch = (): AwsError => mismatchError(dialect, authentication, canonical, stringToSign);
  const { secretAccessKey } = credentials;
  const holds =
    algorithm === ECDSA_ALGORITHM
      ? ecdsaHolds(authentication, secretAccessKey, stringToSign)
      : hexEquals(hmac(keyOf(authentication, secretAccessKey), stringToSign).toString('hex'), signature);
  if (!holds) throw mismatch();
  checkToken(dialect, credentials.sessionToken, sessionToken);
  checkExpiry(dialect, credentials, nowMs);
  const literal = isLiteral(payloadHash);
  return {
    accessKeyId: scope.accessKeyId,
    sessionToken,
    bodySha256: literal || body !== undefined ? undefined : payloadHash,
    chunks: payloadHash.startsWith('STREAMING-AWS4-')
      ? chunkSignatures(authentication, secretAccessKey)
      : undefined,
    mismatch,
  };
}

/** Holds a body against the hash that was signed for it. */
export function checkBody(verified: VerifiedSignature, dialect: Dialect, body: Buffer): void {
  if (verified.bodySha256 === undefined) return;
  checkBodyHash(verified, dialect, createHash('sha256').update(body).digest('hex'));
}

/** As `checkBody`, for a body whose hash was taken as it streamed by. */
export function checkBodyHash(verified: VerifiedSignature, dialect: Dialect, sha256: string): void {
  const { bodySha256 } = verified;
  if (bodySha256 === undefined || bodySha256.toLowerCase() === sha256) return;
  if (dialect !== 's3') throw verified.mismatch();
  throw new AwsError(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { ClientComputedContentSHA256: bodySha256, S3ComputedContentSHA256: sha256 },
    400,
  );
}

/** The hash, or the literal in its place, that the request itself names; undefined where it names none. */
function declaredPayload(request: SignedRequest, dialect: Dialect): string | undefined {
  const header = headerValues(request, 'x-amz-content-sha256')[0];
  if (header !== undefined && header !== '') {
    // Only S3 and streams may leave the body unsigned; elsewhere AWS hashes what it got.
    return dialect === 's3' || !isLiteral(header) || header.startsWith('STREAMING-') ? header : undefined;
  }
  if (dialect !== 's3' || queryValue(request.query, 'X-Amz-Algorithm') === undefined) return undefined;
  return queryValue(request.query, 'X-Amz-Content-Sha256') ?? UNSIGNED_PAYLOAD;
}

function payloadHashOf(
  request: SignedRequest,
  authentication: Authentication,
  dialect: Dialect,
  body: Buffer | undefined,
): string {
  const declared = declaredPayload(request, dialect);
  if (declared !== undefined && (isLiteral(declared) || body === undefined)) return declared;
  if (body === undefined) {
    const words = 'Missing required header for this request: x-amz-content-sha256';
    throw dialect === 's3' && !authentication.presigned
      ? new AwsError('InvalidRequest', words, {}, 400)
      : refuse(dialect, 'incomplete', words);
  }
  return createHash('sha256').update(body).digest('hex');
}

function isLiteral(payloadHash: string): boolean {
  return payloadHash === UNSIGNED_PAYLOAD || payloadHash.startsWith('STREAMING-');
}

function checkTime(authentication: Authentication, dialect: Dialect, nowMs: number): void {
  const { date, presigned, expiresSeconds } = authentication;
  const signedMs = parseDate(date);
  if (Number.isNaN(signedMs)) {
    throw refuse(dialect, 'incomplete', `Date must be in ISO-8601 'basic format'. Got '${date}'.`);
  }
  const lifeMs = presigned && expiresSeconds !== undefined ? expiresSeconds * 1_000 : MAX_SKEW_MS;
  if (nowMs > signedMs + lifeMs) {
    if (dialect === 's3' && presigned) {
      throw refuse(dialect, 'expired', 'Request has expired', {
        'X-Amz-Expires': String(expiresSeconds),
        Expires: new Date(signedMs + lifeMs).toISOString(),
        ServerTime: new Date(nowMs).toISOString(),
      });
    }
    const kind = presigned ? 'expired' : 'time';
    throw dialect === 's3' ? skewed(date, nowMs) : refuse(dialect, kind, expiredWords(date, nowMs, lifeMs));
  }
  if (nowMs < signedMs - MAX_SKEW_MS) {
    if (dialect === 's3') {
      throw presigned ? refuse(dialect, 'expired', 'Request is not yet valid') : skewed(date, nowMs);
    }
    throw refuse(
      dialect,
      'time',
      `Signature not yet current: ${date} is still later than ${formatDate(nowMs + MAX_SKEW_MS)} ` +
        `(${formatDate(nowMs)} + 15 min.)`,
    );
  }
}

function expiredWords(date: string, nowMs: number, lifeMs: number): string {
  const life = lifeMs === MAX_SKEW_MS ? '15 min.' : `${lifeMs / 1_000} sec.`;
  return (
    `Signature expired: ${date} is now earlier than ${formatDate(nowMs - lifeMs)} ` +
    `(${formatDate(nowMs)} - ${life})`
  );
}

function skewed(date: string, nowMs: number): AwsError {
  return refuse('s3', 'time', 'The difference between the request time and the current time is too large.', {
    RequestTime: date,
    ServerTime: new Date(nowMs).toISOString(),
    MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
  });
}

/** A field that decides what a request does must be signed, or it could be exchanged. */
function checkSignedHeaders(request: SignedRequest, authentication: Authentication, dialect: Dialect): void {
  const signed = new Set(authentication.signedHeaders);
  if (!signed.has('host') && !signed.has(AUTHORITY)) {
    if (dialect === 's3') throw notSigned(['host']);
    throw refuse(dialect, 'mismatch', "'Host' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const unsigned: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index]!.toLowerCase();
    if (name.startsWith('x-amz-') && !signed.has(name)) unsigned.push(name);
  }
  if (dialect === 's3') {
    if (unsigned.length > 0) throw notSigned(unsigned);
  } else if (unsigned.includes('x-amz-target')) {
    throw refuse(dialect, 'mismatch', "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");
  }
}

function notSigned(names: readonly string[]): AwsError {
  return new AwsError(
    'AccessDenied',
    'There were headers present in the request which were not signed',
    { HeadersNotSigned: names.join(', ') },
    403,
  );
}

function checkToken(dialect: Dialect, expected: string | undefined, given: string | undefined): void {
  // Permanent keys have no token; one that is sent all the same is refused, as AWS does.
  if (expected === given || (expected !== undefined && given !== undefined && textEquals(expected, given)))
    return;
  throw refuse(
    dialect,
    'invalidToken',
    dialect === 's3'
      ? 'The provided token is malformed or otherwise invalid.'
      : 'The security token included in the request is invalid.',
  );
}

function checkExpiry(dialect: Dialect, { expiresMs = Infinity }: Credentials, nowMs: number): void {
  if (nowMs < expiresMs) return;
  throw refuse(
    dialect,
    'expiredToken',
    dialect === 's3'
      ? 'The provided token has expired.'
      : 'The security token included in the request is expired',
  );
}

function keyOf({ scope }: Authentication, secretAccessKey: string): Buffer {
  return hmacKey(secretAccessKey, scope.date, scope.region!, scope.service);
}

function ecdsaHolds({ scope, signature }: Authentication, secret: string, stringToSign: string): boolean {
  const key = ecdsaPublicKey(scope.accessKeyId, secret);
  return verifyEcdsa('sha256', Buffer.from(stringToSign), key, Buffer.from(signature, 'hex'));
}

function chunkSignatures(authentication: Authentication, secret: string): ChunkSignatures {
  const seed = {
    date: authentication.date,
    scopeText: authentication.scopeText,
    signature: authentication.signature,
  };
  return authentication.algorithm === ECDSA_ALGORITHM
    ? ecdsaChunkSignatures(seed, ecdsaPublicKey(authentication.scope.accessKeyId, secret))
    : hmacChunkSignatures(seed, keyOf(authentication, secret));
}

function mismatchError(
  dialect: Dialect,
  authentication: Authentication,
  canonical: string,
  stringToSign: string,
): AwsError {
  if (dialect === 's3') {
    return refuse(
      dialect,
      'mismatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      {
        AWSAccessKeyId: authentication.scope.accessKeyId,
        StringToSign: stringToSign,
        SignatureProvided: authentication.signature,
        CanonicalRequest: canonical,
      },
    );
  }
  return refuse(
    dialect,
    'mismatch',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access ' +
      'Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this ' +
      `request should have been\n'${canonical}'\n\nThe String-to-Sign should have been\n'${stringToSign}'\n`,
  );
}

/** Compares in a time that does not tell where two texts differ. */
export function textEquals(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function hexEquals(expected: string, given: string): boolean {
  return textEquals(expected, given.toLowerCase());
}
