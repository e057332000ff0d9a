/** Signature Version 4 over a request that is sent from here; the other side of `signature/verify`. */
import { createHash } from 'node:crypto';
import { canonicalRequest, hashOf } from '../signature/canonical-request.ts';
import { hmac, hmacKey } from '../signature/signing-key.ts';

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

export interface SigningScope {
  readonly region: string;
  /** The signing name of the service. */
  readonly service: string;
  /** Real time, milliseconds since the epoch: the endpoint holds it against its own clock. */
  readonly nowMs: number;
}

export interface UnsignedRequest {
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Names in lower case; `host` is among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for a body that is sent piece by piece, which S3 alone takes unsigned. */
  readonly body: Buffer | undefined;
}

/** What stands for the hash of a body that nobody has read yet. */
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

/** Proxies on the way may change these. */
const UNSIGNED_HEADERS: ReadonlySet<string> = new Set([
  'content-length',
  'connection',
  'expect',
  'user-agent',
]);

/** The headers with a signature over all that matters. */
export function signedHeaders(
  request: UnsignedRequest,
  { accessKeyId, secretAccessKey, sessionToken }: SigningCredentials,
  { region, service, nowMs }: SigningScope,
): Record<string, string> {
  const { body } = request;
  const payloadHash = body === undefined ? UNSIGNED_PAYLOAD : createHash('sha256').update(body).digest('hex');
  const time = `${new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-date': time,
    'x-amz-content-sha256': payloadHash,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(headers)
    .filter((name) => !UNSIGNED_HEADERS.has(name))
    .sort();
  const canonical = canonicalRequest(
    { ...request, rawHeaders: Object.entries(headers).flat() },
    { signedHeaders: names, payloadHash, rawPath: service === 's3' },
  );
  const date = time.slice(0, 8);
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = hmacKey(secretAccessKey, date, region, service);
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hashOf(canonical)}`;
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, ` +
    `Signature=${hmac(key, toSign).toString('hex')}`;
  return headers;
}
