/** Events to endpoints outside. Source: user guide, "API destinations as targets" and "Connections". */
import { parseExact } from '../../core/exact-json.ts';
import type { ApiDestinationRecord } from './api-destination-record.ts';
import { apiDestinationArn } from './api-destination-record.ts';
import type { ApiDestinations } from './api-destinations.ts';
import type { ConnectionAuthorizer } from './connection-authorizer.ts';
import { namedHeaders } from './connection-authorizer.ts';
import type { HttpParameters } from './connection-record.ts';
import type { Connections } from './connections.ts';
import { TargetFailure } from './delivery-failure.ts';
import type { BridgeEvent } from './event.ts';
import type { Answer } from './outgoing-request.ts';
import { answerTo } from './outgoing-request.ts';
import type { RuleTarget } from './rule-record.ts';
import { valueAt } from './target-input.ts';

/** What every request has. Source: user guide, "Headers included in requests to API destinations". */
const HEADERS = { 'user-agent': 'Amazon/EventBridge/ApiDestinations', range: 'bytes=0-1048575' };
/** Where neither target nor connection says otherwise. */
const CONTENT_TYPE = { 'content-type': 'application/json; charset=utf-8' };
/** Neither target nor connection can set these: EventBridge takes them away. Known from ministackorg/ministack. */
const REMOVED: ReadonlySet<string> = new Set(
  `a-im accept-charset accept-datetime accept-encoding cache-control connection content-encoding content-length
   content-md5 date expect forwarded from host http2-settings if-match if-modified-since if-none-match if-range
   if-unmodified-since max-forwards origin pragma proxy-authorization range referer te trailer transfer-encoding
   upgrade user-agent via warning`.split(/\s+/),
);
const SECOND_MS = 1_000;
/** A token may have been revoked: another may be let in. */
const UNAUTHORIZED: ReadonlySet<number> = new Set([401, 407]);
/** Other answers of the class 4xx will not change. */
const TEMPORARY: ReadonlySet<number> = new Set([...UNAUTHORIZED, 409, 429]);

export class ApiDestinationDelivery {
  private readonly destinations: ApiDestinations;
  private readonly connections: Connections;
  private readonly authorizer: ConnectionAuthorizer;
  /** By destination: the last second of service time that has been given to requests, and to how many. */
  private readonly given = new Map<string, { second: number; requests: number }>();

  constructor(destinations: ApiDestinations, connections: Connections, authorizer: ConnectionAuthorizer) {
    this.destinations = destinations;
    this.connections = connections;
    this.authorizer = authorizer;
  }

  /**
   * When a request has its place among those that a destination takes in a second, and need not ask again; `nowMs` where
   * it is at once. Undefined where there is none until `latestMs`, and no place is taken.
   */
  placeMs(arn: string, nowMs: number, latestMs: number): number | undefined {
    const destination = this.destinations.byArn(arn);
    if (destination === undefined) {
      this.given.delete(arn);
      return nowMs;
    }
    const now = Math.floor(nowMs / SECOND_MS);
    const last = this.given.get(arn);
    const isNew = last === undefined || last.second < now;
    const isFull = !isNew && last.requests >= destination.rateLimit;
    const place = isNew
      ? { second: now, requests: 1 }
      : { second: last.second + (isFull ? 1 : 0), requests: isFull ? 1 : last.requests + 1 };
    const placeMs = Math.max(nowMs, place.second * SECOND_MS);
    if (placeMs > latestMs) return undefined;
    this.given.set(arn, place);
    return placeMs;
  }

  /** Throws `TargetFailure`. */
  async deliver(target: RuleTarget, event: BridgeEvent, body: string): Promise<void> {
    const destination = this.destinations.byArn(target.Arn);
    if (destination === undefined) throw gone(`The API destination ${target.Arn} does not exist.`);
    const connection = this.connections.byArn(destination.connectionArn);
    const parameters = connection && this.connections.parameters(connection);
    if (connection === undefined || parameters === undefined)
      throw gone(`The connection of ${apiDestinationArn(destination)} lets nobody in.`);
    const own = parameters.InvocationHttpParameters ?? {};
    const { status, headers } = await answerTo({
      url: urlOf(destination, target, own, event),
      method: destination.method,
      headers: {
        ...CONTENT_TYPE,
        ...allowed({
          ...lowered(target.HttpParameters?.HeaderParameters, event),
          ...namedHeaders(own),
          ...(await this.authorizer.headers(connection, parameters)),
        }),
        ...HEADERS,
      },
      body: destination.method === 'GET' || destination.method === 'HEAD' ? undefined : withBody(body, own),
      signal: this.authorizer.signal,
    });
    if (status >= 200 && status < 300) return;
    if (UNAUTHORIZED.has(status)) this.authorizer.forget(connection);
    const retryAfterMs = waitOf(headers);
    throw new TargetFailure({
      code: status === 429 ? 'THROTTLING' : 'ERROR_FROM_TARGET',
      message: `${destination.endpoint} answered ${status}`,
      isFinal: (status < 500 && !TEMPORARY.has(status)) || (retryAfterMs ?? 0) < 0,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
}

/**
 * Of the header `Retry-After`, in seconds or as a date (RFC 9110), which is counted from the date of the answer: the
 * endpoint's clock is not this service's. Undefined where there is neither. Source: user guide, "API destination error
 * codes": it is heeded, and where it is negative there is no further attempt.
 */
function waitOf({ retryAfter = '', date = '' }: Answer['headers']): number | undefined {
  if (/^-?\d+$/.test(retryAfter)) return Number(retryAfter) * SECOND_MS;
  const waitMs = Date.parse(retryAfter) - Date.parse(date);
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

function gone(message: string): TargetFailure {
  return new TargetFailure({ code: 'NO_RESOURCE', message, isFinal: true });
}

/** Stars of the path are the target's values, in their order. What the connection says goes before what the target says. */
function urlOf(
  { endpoint }: ApiDestinationRecord,
  { HttpParameters: of }: RuleTarget,
  own: HttpParameters,
  event: BridgeEvent,
): string {
  const values = [...(of?.PathParameterValues ?? [])];
  const filled = endpoint.replaceAll('*', () => encodeURIComponent(textOf(values.shift() ?? '', event)));
  const url = URL.parse(filled);
  if (url === null)
    throw new TargetFailure({ code: 'INVALID_PARAMETER', message: `${filled} is no URL`, isFinal: true });
  for (const [name, value] of Object.entries(of?.QueryStringParameters ?? {}))
    url.searchParams.set(name, textOf(value, event));
  for (const { Key, Value } of own.QueryStringParameters ?? []) url.searchParams.set(Key!, Value!);
  return url.href;
}

/** A value of a target may be a path into the event. */
function textOf(value: string, event: BridgeEvent): string {
  if (!value.startsWith('$.')) return value;
  const found = valueAt(event, value);
  return typeof found === 'string' ? found : found === undefined ? '' : JSON.stringify(found);
}

function lowered(headers: Readonly<Record<string, string>> | undefined, event: BridgeEvent) {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), textOf(value, event)]),
  );
}

function allowed(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !REMOVED.has(name)));
}

/** Members that the connection adds, where the body is an object: a transformation may be any text. */
function withBody(body: string, { BodyParameters: added = [] }: HttpParameters): string {
  const held = added.length === 0 ? undefined : jsonObject(body);
  if (held === undefined) return body;
  return JSON.stringify({ ...held, ...Object.fromEntries(added.map(({ Key, Value }) => [Key!, Value!])) });
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseExact(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
