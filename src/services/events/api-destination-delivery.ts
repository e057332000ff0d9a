/** Events to endpoints outside. Source: user guide, "API destinations as targets" and "Connections". */
import type { ApiDestinationRecord } from './api-destination-record.ts';
import { apiDestinationArn } from './api-destination-record.ts';
import type { ApiDestinations } from './api-destinations.ts';
import type { ConnectionAuthorizer } from './connection-authorizer.ts';
import { namedHeaders } from './connection-authorizer.ts';
import type { HttpParameters } from './connection-record.ts';
import type { Connections } from './connections.ts';
import { TargetFailure } from './delivery-failure.ts';
import type { BridgeEvent } from './event.ts';
import { answerTo } from './outgoing-request.ts';
import type { RuleTarget } from './rule-record.ts';
import { valueAt } from './target-input.ts';

/** What every request has, where neither target nor connection says otherwise. Source: "Headers used by API destinations". */
const HEADERS = {
  'user-agent': 'Amazon/EventBridge/ApiDestinations',
  'content-type': 'application/json; charset=utf-8',
  range: 'bytes=0-1048575',
};
const SECOND_MS = 1_000;
/** A token may have been revoked: another may be let in. */
const UNAUTHORIZED: ReadonlySet<number> = new Set([401, 407]);
/** Other answers of the class 4xx will not change. */
const TEMPORARY: ReadonlySet<number> = new Set([...UNAUTHORIZED, 409, 429]);

export class ApiDestinationDelivery {
  private readonly destinations: ApiDestinations;
  private readonly connections: Connections;
  private readonly authorizer: ConnectionAuthorizer;
  /** Seconds of service time, by destination: how many requests they have been given. */
  private readonly given = new Map<string, Map<number, number>>();

  constructor(destinations: ApiDestinations, connections: Connections, authorizer: ConnectionAuthorizer) {
    this.destinations = destinations;
    this.connections = connections;
    this.authorizer = authorizer;
  }

  /** How long a request has to wait, milliseconds; it then has its place in that second and need not ask again. */
  waitMs(arn: string, nowMs: number): number {
    const destination = this.destinations.byArn(arn);
    if (destination === undefined) return 0;
    const seconds = this.given.get(arn) ?? new Map<number, number>();
    this.given.set(arn, seconds);
    const now = Math.floor(nowMs / SECOND_MS);
    for (const second of seconds.keys()) if (second < now) seconds.delete(second);
    let second = now;
    while ((seconds.get(second) ?? 0) >= destination.rateLimit) second += 1;
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
    return second === now ? 0 : second * SECOND_MS - nowMs;
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
    const { status } = await answerTo({
      url: urlOf(destination, target, own, event),
      method: destination.method,
      headers: {
        ...HEADERS,
        ...lowered(target.HttpParameters?.HeaderParameters, event),
        ...namedHeaders(own),
        ...(await this.authorizer.headers(connection, parameters)),
      },
      body: destination.method === 'GET' || destination.method === 'HEAD' ? undefined : withBody(body, own),
      signal: this.authorizer.signal,
    });
    if (status >= 200 && status < 300) return;
    if (UNAUTHORIZED.has(status)) this.authorizer.forget(connection);
    throw new TargetFailure({
      code: status === 429 ? 'THROTTLING' : 'ERROR_FROM_TARGET',
      message: `${destination.endpoint} answered ${status}`,
      isFinal: status < 500 && !TEMPORARY.has(status),
    });
  }
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
  const url = new URL(filled);
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

/** Members that the connection adds, where the body is an object. */
function withBody(body: string, { BodyParameters: added = [] }: HttpParameters): string {
  if (added.length === 0) return body;
  const held: unknown = JSON.parse(body);
  if (typeof held !== 'object' || held === null || Array.isArray(held)) return body;
  return JSON.stringify({ ...held, ...Object.fromEntries(added.map(({ Key, Value }) => [Key!, Value!])) });
}
