/** The event of a function URL: payload format 2.0. Source: developer guide, "Invoking Lambda function URLs", "Request payload format". */
import type { IncomingMessage } from 'node:http';
import type { Identity } from '../../ports/identity.ts';
import type { FunctionUrlRecord } from '../records/function-url-table.ts';
import { domainName } from './url-hosts.ts';

export interface UrlRequest {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly requestId: string;
  readonly traceId: string;
  /** Service time, epoch milliseconds. */
  readonly nowMs: number;
  /** Who signed; undefined where nobody must. */
  readonly identity: Identity | undefined;
  readonly accessKeyId: string | undefined;
}

/** What AWS hands on as text; everything else, forms included, comes in base64. */
const TEXT = /^(?:text\/.*|application\/(?:json|javascript|xml)|application\/[^;]+\+(?:json|xml))(?:;|$)/i;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function urlEvent(record: FunctionUrlRecord, incoming: UrlRequest): Buffer {
  const { request, body } = incoming;
  const [rawPath = '/', rawQueryString = ''] = splitTarget(request.url ?? '/');
  const cookies = request.headers.cookie?.split(/;\s*/).filter((cookie) => cookie !== '');
  const isText = body.length === 0 || TEXT.test(request.headers['content-type'] ?? '');
  const query = queryParameters(rawQueryString);
  return Buffer.from(
    JSON.stringify({
      version: '2.0',
      routeKey: '$default',
      rawPath: decoded(rawPath),
      rawQueryString,
      ...(cookies === undefined || cookies.length === 0 ? {} : { cookies }),
      headers: eventHeaders(incoming),
      ...(query === undefined ? {} : { queryStringParameters: query }),
      requestContext: requestContext(record, incoming, decoded(rawPath)),
      ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
      isBase64Encoded: !isText,
    }),
  );
}

/** A path and a query, the path also where a proxy sent the whole URL. */
function splitTarget(target: string): [string, string] {
  const behindHost = target.startsWith('/') ? target : target.replace(/^[^:]+:\/\/[^/?]*/, '');
  const local = behindHost === '' || behindHost.startsWith('?') ? `/${behindHost}` : behindHost;
  const mark = local.indexOf('?');
  return mark < 0 ? [local, ''] : [local.slice(0, mark), local.slice(mark + 1)];
}

/** AWS hands on the path decoded, and what cannot be decoded as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Values of one name are joined by commas. */
function queryParameters(rawQuery: string): Record<string, string> | undefined {
  if (rawQuery === '') return undefined;
  const joined: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQuery))
    joined[name] = Object.hasOwn(joined, name) ? `${joined[name]},${value}` : value;
  return joined;
}

/** Names in lower case; values of one name joined by commas. */
function eventHeaders({ request, traceId }: UrlRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) headers[name] = values!.join(',');
  delete headers['connection'];
  const { remoteAddress = '127.0.0.1', localPort } = request.socket;
  return {
    ...headers,
    'x-amzn-trace-id': traceId,
    'x-forwarded-for': sourceIp(remoteAddress),
    'x-forwarded-port': String(localPort ?? ''),
    'x-forwarded-proto': 'http',
  };
}

/** An IPv4 address that came over an IPv6 socket is one of IPv4 all the same. */
export function sourceIp(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

function requestContext(record: FunctionUrlRecord, incoming: UrlRequest, path: string): object {
  const { request, requestId, nowMs, identity, accessKeyId } = incoming;
  const { headers } = request;
  const domain = domainName(headers.host);
  return {
    accountId: identity?.principal.accountId ?? 'anonymous',
    apiId: record.urlId,
    ...(identity === undefined ? {} : { authorizer: { iam: iamAuthorizer(identity, accessKeyId) } }),
    domainName: domain,
    domainPrefix: domain.split('.', 1)[0],
    http: {
      method: request.method ?? 'GET',
      path,
      protocol: `HTTP/${request.httpVersion}`,
      sourceIp: sourceIp(request.socket.remoteAddress ?? '127.0.0.1'),
      ...(headers['user-agent'] === undefined ? {} : { userAgent: headers['user-agent'] }),
    },
    requestId,
    routeKey: '$default',
    stage: '$default',
    time: clfTime(nowMs),
    timeEpoch: nowMs,
  };
}

function iamAuthorizer({ principal }: Identity, accessKey: string | undefined): object {
  return {
    accessKey,
    accountId: principal.accountId,
    callerId: principal.userId,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: principal.arn,
    userId: principal.userId,
  };
}

/** `12/Mar/2020:19:03:58 +0000`. */
function clfTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}
