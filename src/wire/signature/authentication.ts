/** What a request says about its own signature: parsed and checked for form, not yet for truth. */
import { AwsError } from '../../core/errors.ts';
import type { CredentialScope } from '../routing/credential-scope.ts';
import { parseCredential } from '../routing/credential-scope.ts';
import type { Dialect } from './refusal.ts';
import { refuse } from './refusal.ts';
import type { SignedRequest } from './signed-request.ts';
import { headerValues, queryValue } from './signed-request.ts';

export const HMAC_ALGORITHM = 'AWS4-HMAC-SHA256';
export const ECDSA_ALGORITHM = 'AWS4-ECDSA-P256-SHA256';

export interface Authentication {
  readonly algorithm: typeof HMAC_ALGORITHM | typeof ECDSA_ALGORITHM;
  /** As sent, for the string to sign: the credential without the access key. */
  readonly scopeText: string;
  readonly scope: CredentialScope;
  /** Lower case, in the order sent. */
  readonly signedHeaders: readonly string[];
  /** Hexadecimal: HMAC, or for ECDSA a DER signature. */
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly date: string;
  readonly sessionToken: string | undefined;
  readonly presigned: boolean;
  /** Of a presigned request; undefined where it names none. */
  readonly expiresSeconds: number | undefined;
}

/** The longest life of a presigned request: a week, in seconds. */
export const MAX_EXPIRES_SECONDS = 604_800;

const QUERY_PARAMETERS_REQUIRED =
  'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, ' +
  'X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.';

/** Whether a request claims to be signed, be it so or not. */
export function isSigned(request: SignedRequest): boolean {
  return (
    headerValues(request, 'authorization').length > 0 ||
    queryValue(request.query, 'X-Amz-Algorithm') !== undefined
  );
}

export function parseAuthentication(request: SignedRequest, dialect: Dialect): Authentication {
  const authorization = headerValues(request, 'authorization')[0];
  if (authorization !== undefined) return fromHeader(request, authorization.trim(), dialect);
  if (queryValue(request.query, 'X-Amz-Algorithm') !== undefined) return fromQuery(request, dialect);
  throw missingSignature(dialect);
}

/** What a request without a signature is answered. */
export function missingSignature(dialect: Dialect): AwsError {
  const words = dialect === 's3' ? 'Access Denied' : 'Request is missing Authentication Token';
  return refuse(dialect, 'missing', words);
}

function fromHeader(request: SignedRequest, authorization: string, dialect: Dialect): Authentication {
  if (!authorization.startsWith('AWS4-')) {
    const words =
      dialect === 's3' ? 'Unsupported Authorization Type' : 'Request is missing Authentication Token';
    throw dialect === 's3'
      ? new AwsError('InvalidArgument', words, {}, 400)
      : refuse(dialect, 'missing', words);
  }
  const space = authorization.indexOf(' ');
  const algorithm = space < 0 ? authorization : authorization.slice(0, space);
  const fields = headerFields(space < 0 ? '' : authorization.slice(space + 1), authorization, dialect);
  const date = headerValues(request, 'x-amz-date')[0] ?? headerValues(request, 'date')[0];
  let missing = '';
  for (const name of ['Credential', 'Signature', 'SignedHeaders']) {
    if (!fields.get(name)) missing += `Authorization header requires '${name}' parameter. `;
  }
  if (date === undefined) {
    missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (missing !== '') throw refuse(dialect, 'incomplete', `${missing}Authorization=${authorization}`);
  return assemble(dialect, {
    algorithm,
    credential: fields.get('Credential')!,
    signedHeaders: fields.get('SignedHeaders')!,
    signature: fields.get('Signature')!,
    date: basicDate(date!),
    sessionToken: headerValues(request, 'x-amz-security-token')[0],
    presigned: false,
    expiresSeconds: undefined,
  });
}

function fromQuery(request: SignedRequest, dialect: Dialect): Authentication {
  const value = (name: string) => queryValue(request.query, name) ?? '';
  const expires = queryValue(request.query, 'X-Amz-Expires');
  const required = ['X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-Date', 'X-Amz-SignedHeaders'];
  const incomplete = required.filter((name) => value(name) === '');
  if (incomplete.length > 0 || (dialect === 's3' && expires === undefined)) {
    if (dialect === 's3') throw queryParameters(QUERY_PARAMETERS_REQUIRED);
    const words = incomplete.map((name) => `AWS query-string parameters must include '${name}'. `);
    throw refuse(dialect, 'incomplete', `${words.join('')}Re-examine the query-string parameters.`);
  }
  return assemble(dialect, {
    algorithm: value('X-Amz-Algorithm'),
    credential: value('X-Amz-Credential'),
    signedHeaders: value('X-Amz-SignedHeaders'),
    signature: value('X-Amz-Signature'),
    date: value('X-Amz-Date'),
    sessionToken:
      queryValue(request.query, 'X-Amz-Security-Token') ?? headerValues(request, 'x-amz-security-token')[0],
    presigned: true,
    expiresSeconds: expires === undefined ? undefined : expiresOf(expires),
  });
}

function expiresOf(text: string): number {
  const seconds = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isInteger(seconds)) throw queryParameters('X-Amz-Expires should be a number');
  if (seconds < 0) throw queryParameters('X-Amz-Expires must be non-negative');
  if (seconds > MAX_EXPIRES_SECONDS) {
    throw queryParameters(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ' +
        `${MAX_EXPIRES_SECONDS} seconds`,
    );
  }
  return seconds;
}

function queryParameters(message: string): AwsError {
  return new AwsError('AuthorizationQueryParametersError', message, {}, 400);
}

interface Claimed {
  readonly algorithm: string;
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly sessionToken: string | undefined;
  readonly presigned: boolean;
  readonly expiresSeconds: number | undefined;
}

function assemble(dialect: Dialect, claimed: Claimed): Authentication {
  const { algorithm, credential, date } = claimed;
  if (algorithm !== HMAC_ALGORITHM && algorithm !== ECDSA_ALGORITHM) {
    throw refuse(dialect, 'incomplete', `Unsupported AWS 'algorithm': '${algorithm}'.`);
  }
  if (!isBasicDate(date)) {
    throw refuse(
      dialect,
      'incomplete',
      `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  const scope = parseCredential(credential);
  if (scope === undefined || (scope.region === undefined) !== (algorithm === ECDSA_ALGORITHM)) {
    const form =
      algorithm === ECDSA_ALGORITHM
        ? '4 slash-delimited elements, e.g. keyid/date/service/term'
        : '5 slash-delimited elements, e.g. keyid/date/region/service/term';
    throw refuse(dialect, 'incomplete', `Credential must have exactly ${form}, got '${credential}'`);
  }
  if (scope.date !== date.slice(0, 8)) {
    throw refuse(
      dialect,
      'mismatch',
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${scope.date}' != '${date.slice(0, 8)}', from '${date}'.`,
    );
  }
  return {
    algorithm,
    scope,
    scopeText: credential.slice(scope.accessKeyId.length + 1),
    signedHeaders: claimed.signedHeaders.toLowerCase().split(';'),
    signature: claimed.signature,
    date,
    sessionToken: claimed.sessionToken,
    presigned: claimed.presigned,
    expiresSeconds: claimed.expiresSeconds,
  };
}

/** `Name=value` pairs, separated by commas and white space. */
function headerFields(text: string, authorization: string, dialect: Dialect): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.split(/[\s,]+/)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 0) {
      throw refuse(
        dialect,
        'incomplete',
        `'${part}' not a valid key=value pair (missing equal-sign) in Authorization header: '${authorization}'.`,
      );
    }
    fields.set(part.slice(0, equals), part.slice(equals + 1));
  }
  return fields;
}

function isBasicDate(text: string): boolean {
  return /^\d{8}T\d{6}Z$/.test(text);
}

/** A `Date` header may be in the form of HTTP; the string to sign has the basic form. */
function basicDate(text: string): string {
  if (isBasicDate(text)) return text;
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : formatDate(time);
}

/** `YYYYMMDDTHHMMSSZ` of epoch milliseconds. */
export function formatDate(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** Epoch milliseconds of `YYYYMMDDTHHMMSSZ`; NaN for a day or hour that does not exist. */
export function parseDate(date: string): number {
  const [day, time] = [date.slice(0, 8), date.slice(9, 15)];
  return Date.parse(
    `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`,
  );
}
