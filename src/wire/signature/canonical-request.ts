/**
 * The canonical request of Signature Version 4: what client and server both hash and sign. Strings
 * here hold bytes, one a code unit (latin1), as `node:http` delivers them.
 */
import { createHash } from 'node:crypto';
import type { SignedRequest } from './signed-request.ts';
import { headerValues } from './signed-request.ts';

export interface CanonicalOptions {
  /** Lower-case names, in the order of `SignedHeaders`. */
  readonly signedHeaders: readonly string[];
  /** Hexadecimal SHA-256 of the body, or one of the literals that stand for it. */
  readonly payloadHash: string;
  /** S3 signs paths as they are: encoded once, with dots and double slashes. All others encode twice. */
  readonly rawPath: boolean;
}

export function canonicalRequest(request: SignedRequest, options: CanonicalOptions): string {
  const { signedHeaders, payloadHash, rawPath } = options;
  const path = rawPath ? singlyEncodedPath(request.path) : doublyEncodedPath(request.path);
  const headers = signedHeaders.map((name) => `${name}:${canonicalValue(headerValues(request, name))}\n`);
  return (
    `${request.method}\n${path}\n${canonicalQuery(request.query)}\n` +
    `${headers.join('')}\n${signedHeaders.join(';')}\n${payloadHash}`
  );
}

/** Lower-case hexadecimal SHA-256 of a latin1 string. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

function canonicalValue(values: readonly string[]): string {
  return values.map(collapse).join(',');
}

/** Trimmed, with every run of white space as one space. */
function collapse(value: string): string {
  return value.trim().replace(/\s+/g, ' ');
}

function singlyEncodedPath(path: string): string {
  return path === ''
    ? '/'
    : path
        .split('/')
        .map((segment) => encode(decode(segment)))
        .join('/');
}

function doublyEncodedPath(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') kept.pop();
    else kept.push(encode(segment));
  }
  const last = segments.at(-1);
  const trailing = kept.length > 0 && (last === '' || last === '.' || last === '..') ? '/' : '';
  return `/${kept.join('/')}${trailing}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs: [name: string, value: string][] = [];
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = encode(decode(equals < 0 ? pair : pair.slice(0, equals)));
    if (name === 'X-Amz-Signature') continue;
    pairs.push([name, equals < 0 ? '' : encode(decode(pair.slice(equals + 1)))]);
  }
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const HEX = '0123456789ABCDEF';

/** Percent-encodes every byte but RFC 3986's unreserved characters. */
function encode(bytes: string): string {
  let encoded = '';
  for (let index = 0; index < bytes.length; index += 1) {
    const code = bytes.charCodeAt(index);
    if (isUnreserved(code)) encoded += bytes[index];
    else encoded += `%${HEX[code >> 4]}${HEX[code & 15]}`;
  }
  return encoded;
}

function isUnreserved(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x5f ||
    code === 0x7e
  );
}

/** Percent-decodes to bytes; what is not a valid sequence stays as it is. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-fA-F]{2})/g, (_match, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
