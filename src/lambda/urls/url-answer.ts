/**
 * What the caller of a function URL gets for what the function has returned or written. Source: developer guide,
 * "Invoking Lambda function URLs", "Response payload format", and "Response streaming".
 */

import { validateHeaderName, validateHeaderValue } from '../../core/node-http.ts';

export interface UrlAnswer {
  readonly status: number;
  /** Names in lower case; a list is sent as several fields. */
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
}

/** What stands before the body of a streamed response, as `awslambda.HttpResponseStream.from` writes it. */
export const PRELUDE_CONTENT_TYPE = 'application/vnd.awslambda.http-integration-response';
const PRELUDE_DELIMITER = Buffer.alloc(8);

/** A function that writes so much without the end of a prelude has none, bytes. */
export const MAX_PRELUDE_BYTES = 64 * 1024;

const JSON_TYPE = 'application/json';

/** Undefined where the function has returned what is no response, and the caller gets 502. */
export function answerOf(payload: Buffer): UrlAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
  const isResponse = typeof value === 'object' && value !== null && 'statusCode' in value;
  if (isResponse) return explicitAnswer(value as Record<string, unknown>);
  // Whatever else is valid JSON is the body itself; a string without its quotes.
  const body = typeof value === 'string' ? Buffer.from(value) : value === null ? Buffer.alloc(0) : payload;
  return { status: 200, headers: { 'content-type': JSON_TYPE }, body };
}

function explicitAnswer(value: Record<string, unknown>): UrlAnswer | undefined {
  const head = headOf(value);
  if (head === undefined) return undefined;
  const { body = '', isBase64Encoded = false } = value;
  const text = typeof body === 'string' ? body : body === null ? '' : JSON.stringify(body);
  const bytes = Buffer.from(text, isBase64Encoded === true ? 'base64' : 'utf8');
  return { ...head, headers: { 'content-type': JSON_TYPE, ...head.headers }, body: bytes };
}

/** Status, header fields and cookies of a response or prelude. */
function headOf(value: Record<string, unknown>): Pick<UrlAnswer, 'status' | 'headers'> | undefined {
  const { statusCode = 200, headers = {}, cookies } = value;
  const status = Number(statusCode);
  // What is below 200 is no answer: the caller would wait on for one.
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  if (typeof headers !== 'object' || headers === null) return undefined;
  const sent: Record<string, string | string[]> = {};
  for (const [name, field] of Object.entries(headers))
    if (field !== null && field !== undefined && !UNSENT.has(name.toLowerCase()))
      sent[name.toLowerCase()] = Array.isArray(field) ? field.map(String) : String(field);
  if (Array.isArray(cookies) && cookies.length > 0) sent['set-cookie'] = cookies.map(String);
  return canBeSent(sent) ? { status, headers: sent } : undefined;
}

/** Neither name nor value may hold what would end a header field, and begin another. */
function canBeSent(headers: Record<string, string | string[]>): boolean {
  try {
    for (const [name, field] of Object.entries(headers)) {
      validateHeaderName(name);
      for (const value of [field].flat()) validateHeaderValue(name, value);
    }
    return true;
  } catch {
    return false;
  }
}

/** The connection is the server's own. */
const UNSENT = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding']);

export interface StreamHead {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  /** What came behind the prelude already. */
  readonly rest: Buffer;
}

/** The head of a streamed response; undefined while its prelude is not whole. Throws for one that is none. */
export function streamHead(written: Buffer, contentType: string): StreamHead | undefined {
  if (contentType !== PRELUDE_CONTENT_TYPE)
    return { status: 200, headers: { 'content-type': contentType }, rest: written };
  const end = written.indexOf(PRELUDE_DELIMITER);
  if (end < 0) {
    if (written.length > MAX_PRELUDE_BYTES) throw new SyntaxError('the prelude of the response has no end');
    return undefined;
  }
  const head = headOf(JSON.parse(written.toString('utf8', 0, end)) as Record<string, unknown>);
  if (head === undefined) throw new SyntaxError('the prelude of the response names no status');
  return {
    ...head,
    headers: { 'content-type': 'application/octet-stream', ...head.headers },
    rest: written.subarray(end + PRELUDE_DELIMITER.length),
  };
}
