/** Whom and what a request names in its credential, before anything is verified. */
import type { IncomingHttpHeaders } from 'node:http';

export interface CredentialScope {
  readonly accessKeyId: string;
  /** `YYYYMMDD`. */
  readonly date: string;
  /** Undefined for SigV4A, whose scope has none. */
  readonly region: string | undefined;
  /** The signing name, for example `lambda`. */
  readonly service: string;
}

const CREDENTIAL = 'Credential=';
const QUERY_CREDENTIAL = 'X-Amz-Credential=';
const TERMINATOR = 'aws4_request';
const TOKEN_HEADER = 'x-amz-security-token';
const QUERY_TOKEN = /(?:^|&)X-Amz-Security-Token=([^&]*)/;

/** The scope of a request signed by header or by query; undefined when it is not signed with SigV4. */
export function findCredentialScope(
  authorization: string | undefined,
  query: string,
): CredentialScope | undefined {
  if (authorization !== undefined) {
    const start = authorization.indexOf(CREDENTIAL);
    if (start < 0) return undefined;
    const comma = authorization.indexOf(',', start);
    const end = comma < 0 ? authorization.length : comma;
    return parseCredential(authorization.slice(start + CREDENTIAL.length, end).trim());
  }
  if (query === '') return undefined;
  const start = query.indexOf(QUERY_CREDENTIAL);
  if (start < 0 || (start > 0 && query.charCodeAt(start - 1) !== 0x26) /* & */) return undefined;
  const ampersand = query.indexOf('&', start);
  const value = query.slice(start + QUERY_CREDENTIAL.length, ampersand < 0 ? query.length : ampersand);
  return parseCredential(decodeLoosely(value));
}

/** The session token that temporary credentials are sent with: where the signature is, which covers it there. */
export function findSessionToken(headers: IncomingHttpHeaders, query: string): string | undefined {
  const found = query === '' || headers.authorization !== undefined ? null : QUERY_TOKEN.exec(query);
  if (found !== null) return decodeLoosely(found[1]!);
  const header = headers[TOKEN_HEADER];
  return typeof header === 'string' ? header : undefined;
}

/** Credentials parsed before: a client sends the same one all day. */
const parsed = new Map<string, CredentialScope | undefined>();
const MAX_PARSED = 1_000;

/** `AKID/20150830/us-east-1/service/aws4_request`, or for SigV4A `AKID/20150830/service/aws4_request`. */
export function parseCredential(credential: string): CredentialScope | undefined {
  const known = parsed.get(credential);
  if (known !== undefined) return known;
  if (parsed.size >= MAX_PARSED) parsed.clear();
  const scope = parse(credential);
  parsed.set(credential, scope);
  return scope;
}

function parse(credential: string): CredentialScope | undefined {
  const parts = credential.split('/');
  const last = parts.length - 1;
  if (last < 3 || parts[last] !== TERMINATOR) return undefined;
  const eightDigits = (text: string | undefined) => text !== undefined && text.length === 8;
  // An access key may itself hold slashes, so the parts are counted from the end.
  if (last >= 4 && eightDigits(parts[last - 3])) {
    return {
      accessKeyId: parts.slice(0, last - 3).join('/'),
      date: parts[last - 3]!,
      region: parts[last - 2]!,
      service: parts[last - 1]!,
    };
  }
  if (!eightDigits(parts[last - 2])) return undefined;
  return {
    accessKeyId: parts.slice(0, last - 2).join('/'),
    date: parts[last - 2]!,
    region: undefined,
    service: parts[last - 1]!,
  };
}

function decodeLoosely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
