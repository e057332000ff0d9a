/**
 * X-Ray's trace header, `Root=1-…;Parent=…;Sampled=0;Lineage=1:36680206:0`, which carries for each function how
 * often the chain of requests has come by it. AWS's SDKs pass the header of the running invocation on, services
 * keep it with messages, and so a loop is seen. The form of the lineage is that of headers seen from AWS since 2024;
 * the older one had no `1:` in front and several functions separated by `|`.
 */
import { crc32 } from 'node:zlib';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { FunctionName } from '../records/qualified-table.ts';

/** A chain of requests that has come by a function so often is a loop. Source: "Recursive loop detection", "approximately 16 times". */
const MAX_INVOCATIONS_IN_CHAIN = 16;

const LINEAGE_VERSION = '1';
const LINEAGE_FIELD = /(?:^|;)\s*Lineage=([^;]*)/i;
const LINEAGE_ENTRY = /([0-9a-f]{8}):(\d+)/g;

/** That of the request, or a new one. */
export function traceHeader(context: Pick<RequestContext, 'headers' | 'requestId'>): string {
  const header = context.headers['x-amzn-trace-id'];
  return typeof header === 'string' && header !== '' ? header : newTraceHeader(context.requestId);
}

/** Version, seconds in hexadecimal, 96 random bits; these are taken from the request id. */
export function newTraceHeader(requestId: string): string {
  const digits = requestId.replaceAll('-', '');
  return `Root=1-${secondsInHex()}-${digits.slice(0, 24)};Parent=${digits.slice(16)};Sampled=0`;
}

let lastSeconds = 0;
let lastSecondsInHex = '';

function secondsInHex(): string {
  const seconds = Math.floor(Date.now() / 1_000);
  if (seconds !== lastSeconds) {
    lastSeconds = seconds;
    lastSecondsInHex = seconds.toString(16);
  }
  return lastSecondsInHex;
}

/**
 * The header as the function gets it, which has been counted in it. Throws AWS's error where the function may not be
 * called by a loop and is.
 */
export function countedTrace(header: string, name: FunctionName, mayLoop: () => boolean): string {
  const own = lineageKey(name);
  const lineage = LINEAGE_FIELD.exec(header)?.[1];
  if (lineage === undefined) return `${header};Lineage=${LINEAGE_VERSION}:${own}:0`;
  const entries = new Map<string, number>();
  for (const [, key, count] of lineage.matchAll(LINEAGE_ENTRY)) entries.set(key!, Number(count));
  const before = entries.get(own);
  const count = before === undefined ? 0 : before + 1;
  if (count >= MAX_INVOCATIONS_IN_CHAIN && !mayLoop()) throw recursive();
  entries.set(own, count);
  const text = [...entries].map(([key, times]) => `${key}:${times}`).join('|');
  return `${header.replace(LINEAGE_FIELD, '')};Lineage=${LINEAGE_VERSION}:${text}`;
}

/** Of records, which are asked for with every invocation. */
const lineageKeys = new WeakMap<FunctionName, string>();

/** All versions of a function are one in a loop. */
function lineageKey(name: FunctionName): string {
  const known = lineageKeys.get(name);
  if (known !== undefined) return known;
  const { accountId, region, functionName } = name;
  const arn = functionArn({ accountId, region, functionName, qualifier: undefined });
  const key = crc32(arn).toString(16).padStart(8, '0');
  lineageKeys.set(name, key);
  return key;
}

/** The words of the API's model. */
function recursive(): AwsError {
  return new AwsError(
    'RecursiveInvocationException',
    `Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation.`,
    { Type: 'User' },
  );
}
