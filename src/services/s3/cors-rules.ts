/** What a bucket's CORS configuration makes of a request. Headers and words as recorded for "test_cors_match_methods". */
import type { CORSRule } from '@aws-sdk/client-s3';
import { invalidRequest, malformedXml } from './s3-errors.ts';

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];
/** Source: user guide, "CORS configuration". */
const MAX_RULES = 100;

export interface CorsRequest {
  readonly origin: string;
  readonly method: string;
  /** In lower case; of a preflight only. */
  readonly headers: readonly string[];
}

export function checkedRules(rules: readonly CORSRule[] | undefined): readonly CORSRule[] {
  if (rules === undefined || rules.length === 0 || rules.length > MAX_RULES) throw malformedXml();
  for (const { AllowedMethods, AllowedOrigins } of rules) {
    if (AllowedMethods === undefined || AllowedOrigins === undefined) throw malformedXml();
    const wrong = AllowedMethods.find((method) => !METHODS.includes(method));
    if (wrong !== undefined) {
      throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${wrong}`);
    }
  }
  return rules;
}

/** Header fields of the first rule that lets the request in; undefined where none does. */
export function corsHeaders(
  rules: readonly CORSRule[],
  { origin, method, headers }: CorsRequest,
): Record<string, string> | undefined {
  const rule = rules.find(
    ({ AllowedOrigins = [], AllowedMethods = [], AllowedHeaders = [] }) =>
      AllowedMethods.includes(method) &&
      AllowedOrigins.some((pattern) => matches(pattern, origin)) &&
      headers.every((name) => AllowedHeaders.some((pattern) => matches(pattern.toLowerCase(), name))),
  );
  if (rule === undefined) return undefined;
  const isForAll = rule.AllowedOrigins!.includes('*');
  return {
    'access-control-allow-origin': isForAll ? '*' : origin,
    'access-control-allow-methods': rule.AllowedMethods!.join(', '),
    ...(isForAll ? {} : { 'access-control-allow-credentials': 'true' }),
    ...(headers.length === 0 ? {} : { 'access-control-allow-headers': headers.join(', ') }),
    ...(rule.ExposeHeaders === undefined
      ? {}
      : { 'access-control-expose-headers': rule.ExposeHeaders.join(', ') }),
    ...(rule.MaxAgeSeconds === undefined ? {} : { 'access-control-max-age': String(rule.MaxAgeSeconds) }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  };
}

/** One star stands for any run of characters. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}
