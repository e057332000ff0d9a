/** What a function URL's CORS configuration makes of a request. Source: developer guide, "Cross-origin resource sharing (CORS)". */
import type { IncomingMessage } from 'node:http';
import type { FunctionUrlCors } from '../records/function-url-table.ts';

type Headers = Record<string, string>;

/** A browser asks before it sends what it is about to send. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** Header fields of the answer to a preflight: only those that the configuration grants. */
export function preflightHeaders(cors: FunctionUrlCors, { headers }: IncomingMessage): Headers {
  const method = headers['access-control-request-method']!;
  const wanted = headers['access-control-request-headers'];
  const { allowMethods = [], allowHeaders = [], maxAgeSeconds } = cors;
  const origin = originHeaders(cors, headers.origin!);
  if (origin === undefined || !(allowMethods.includes('*') || allowMethods.includes(method))) return {};
  return {
    ...origin,
    'access-control-allow-methods': allowMethods.includes('*') ? method : allowMethods.join(','),
    ...(wanted === undefined || allowHeaders.length === 0
      ? {}
      : { 'access-control-allow-headers': allowHeaders.includes('*') ? wanted : allowHeaders.join(',') }),
    ...(maxAgeSeconds === undefined ? {} : { 'access-control-max-age': String(maxAgeSeconds) }),
  };
}

/** Those of any other answer; they take the place of what the function says. */
export function corsHeaders(cors: FunctionUrlCors | undefined, { headers }: IncomingMessage): Headers {
  if (cors === undefined || headers.origin === undefined) return {};
  const origin = originHeaders(cors, headers.origin);
  if (origin === undefined) return {};
  const { exposeHeaders = [] } = cors;
  return {
    ...origin,
    ...(exposeHeaders.length === 0 ? {} : { 'access-control-expose-headers': exposeHeaders.join(',') }),
  };
}

function originHeaders(
  { allowOrigins = [], allowCredentials = false }: FunctionUrlCors,
  origin: string,
): Headers | undefined {
  const isAny = allowOrigins.includes('*');
  if (!isAny && !allowOrigins.some((pattern) => matches(pattern, origin))) return undefined;
  return {
    // A browser takes no star together with credentials.
    'access-control-allow-origin': isAny && !allowCredentials ? '*' : origin,
    ...(allowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
    vary: 'Origin',
  };
}

/** An origin, or one with a star for a part of it: `https://*.example.com`. */
function matches(pattern: string, origin: string): boolean {
  const [head = '', ...tails] = pattern.toLowerCase().split('*');
  const text = origin.toLowerCase();
  if (tails.length === 0) return text === head;
  const tail = tails.at(-1)!;
  return text.startsWith(head) && text.endsWith(tail) && text.length > head.length + tail.length;
}
