/**
 * Finds the service a request is meant for. In this order: credential scope, `X-Amz-Target`, host
 * name, path, and for Query requests at last `Version` (in the query or the body). Unsigned requests
 * that nothing else tells apart are S3's, the one AWS API with anonymous calls on arbitrary paths.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Identify, Identity } from '../../ports/identity.ts';
import type { WireRequestHead } from '../contract.ts';
import { bucketOf, isRegion, parseS3Host } from './bucket-host.ts';
import { findCredentialScope, findSessionToken } from './credential-scope.ts';
import { hostName, serviceLabels } from './host-name.ts';

export const DEFAULT_REGION = 'us-east-1';
export const DEFAULT_ACCOUNT_ID = '000000000000';

/** What routing needs of a generated model; `src/generated/index.json` has it by the model's name. */
export interface ServiceRoute {
  readonly apiVersion: string;
  readonly endpointPrefix: string;
  readonly signingName: string;
  readonly protocols: readonly string[];
  readonly targetPrefix?: string;
}

export interface RoutedRequest {
  readonly head: WireRequestHead;
  /** Name of the model; undefined when only the body can tell (or nothing can). */
  readonly service: string | undefined;
  /** The signing name in the credential scope, known or not; undefined for a request that is not signed. */
  readonly signedFor: string | undefined;
  readonly region: string;
  readonly accountId: string;
  readonly accessKeyId: string | undefined;
  readonly sessionToken: string | undefined;
  readonly identity: Identity | undefined;
}

/** Signing names whose requests speak S3's API. */
const S3_SIGNING_NAMES = ['s3express', 's3-object-lambda', 's3-outposts'];

/** Host names that are not their service's endpoint prefix. */
const EXTRA_HOSTS: Readonly<Record<string, string>> = {
  queue: 'sqs',
  email: 'ses',
  ecr: 'ecr',
  dynamodbstreams: 'dynamodbstreams',
};

/** The dates that begin paths of services other than Lambda, whose operations have many. */
const DATED_PATHS: Readonly<Record<string, string>> = {
  '2020-05-31': 'cloudfront',
  '2015-02-01': 'efs',
};

export class Router {
  private readonly bySigningName = new Map<string, string[]>();
  private readonly byTargetPrefix = new Map<string, string>();
  private readonly byHostLabel = new Map<string, string>();
  private readonly byQueryVersion = new Map<string, string>();
  private readonly index: Readonly<Record<string, ServiceRoute>>;
  private readonly identify: Identify | undefined;

  constructor(index: Readonly<Record<string, ServiceRoute>>, identify?: Identify) {
    this.index = index;
    this.identify = identify;
    for (const [name, route] of Object.entries(index)) {
      const sharing = this.bySigningName.get(route.signingName);
      if (sharing === undefined) this.bySigningName.set(route.signingName, [name]);
      else sharing.push(name);
      if (route.targetPrefix !== undefined) this.byTargetPrefix.set(route.targetPrefix, name);
      if (!this.byHostLabel.has(route.endpointPrefix)) this.byHostLabel.set(route.endpointPrefix, name);
      if (speaksQuery(name, route)) this.byQueryVersion.set(route.apiVersion, name);
    }
    for (const [label, name] of Object.entries(EXTRA_HOSTS)) {
      if (Object.hasOwn(index, name) && !this.byHostLabel.has(label)) this.byHostLabel.set(label, name);
    }
    if (Object.hasOwn(index, 's3')) for (const name of S3_SIGNING_NAMES) this.bySigningName.set(name, ['s3']);
  }

  route(method: string, path: string, query: string, headers: IncomingHttpHeaders): RoutedRequest {
    const scope = findCredentialScope(headers.authorization, query);
    const host = headers.host ?? '';
    const service =
      (scope === undefined ? undefined : this.byScope(scope.service, path, query, headers)) ??
      this.byTarget(headers['x-amz-target']) ??
      this.byHost(host, path) ??
      // What is signed for a service that is not here is none of those that paths tell apart.
      (scope === undefined ? this.byPath(method, path, query, headers) : undefined);
    const accessKeyId = scope?.accessKeyId;
    const sessionToken = accessKeyId === undefined ? undefined : findSessionToken(headers, query);
    const identity = accessKeyId && this.identify?.(accessKeyId, sessionToken);
    return {
      head: { method, path: service === 's3' ? pathStyle(host, path) : path, query, headers },
      service,
      signedFor: scope?.service,
      region: scope?.region ?? regionOf(headers, scope === undefined ? host : ''),
      accountId: identity
        ? identity.principal.accountId
        : isAccountId(accessKeyId)
          ? accessKeyId
          : DEFAULT_ACCOUNT_ID,
      accessKeyId,
      sessionToken,
      identity: identity || undefined,
    };
  }

  /** The service of a Query request by the `Version` among its form fields. */
  byForm(form: string): string | undefined {
    const version = formField(form, 'Version');
    return version === undefined || formField(form, 'Action') === undefined
      ? undefined
      : this.byQueryVersion.get(version);
  }

  private byScope(
    signingName: string,
    path: string,
    query: string,
    headers: IncomingHttpHeaders,
  ): string | undefined {
    const sharing = this.bySigningName.get(signingName);
    if (sharing === undefined) return undefined;
    if (sharing.length === 1) return sharing[0];
    const target = this.byTarget(headers['x-amz-target']);
    if (target !== undefined && sharing.includes(target)) return target;
    if (signingName === 'apigateway') return path.startsWith('/v2/') ? 'apigatewayv2' : 'apigateway';
    if (signingName === 's3') return this.s3Service(headers.host ?? '', path);
    return this.byQuery(query) ?? sharing[0];
  }

  private byTarget(target: string | string[] | undefined): string | undefined {
    if (typeof target !== 'string') return undefined;
    const dot = target.indexOf('.');
    return dot < 0 ? undefined : this.byTargetPrefix.get(target.slice(0, dot));
  }

  private byHost(host: string, path: string): string | undefined {
    const name = hostName(host);
    const labels = serviceLabels(name);
    if (labels === undefined) return undefined;
    if (parseS3Host(name) !== undefined) return this.s3Service(host, path);
    // `lambda.us-east-1`, `api.ecr.us-east-1`, `us-east-1.queue`, `id.execute-api.us-east-1`.
    for (let count = labels.length; count > 0; count -= 1) {
      for (let from = 0; from + count <= labels.length; from += 1) {
        const found = this.byHostLabel.get(labels.slice(from, from + count).join('.'));
        if (found !== undefined) return found === 'apigateway' ? this.apiGateway(path) : found;
      }
    }
    return undefined;
  }

  private byPath(
    method: string,
    path: string,
    query: string,
    headers: IncomingHttpHeaders,
  ): string | undefined {
    if (path.startsWith('/service/')) {
      const end = path.indexOf('/operation/', 9);
      const found = end < 0 ? undefined : this.byTargetPrefix.get(path.slice(9, end));
      if (found !== undefined) return found;
    }
    const date = datedSegment(path);
    if (date !== undefined) return this.known(DATED_PATHS[date] ?? 'lambda');
    if (path.startsWith('/@connections/')) return this.known('apigatewaymanagementapi');
    if (path.startsWith('/v20180820/')) return this.known('s3control');
    const byQuery = this.byQuery(query);
    if (byQuery !== undefined) return byQuery;
    if (isQueueCall(path, query, headers)) return this.known('sqs');
    // A form posted to the root may be a Query request, which its body tells.
    if (method === 'POST' && path === '/' && !isMultipart(headers)) return undefined;
    return this.known('s3');
  }

  private byQuery(query: string): string | undefined {
    return query === '' ? undefined : this.byForm(query);
  }

  private s3Service(host: string, path: string): string | undefined {
    const control = path.startsWith('/v20180820/') || parseS3Host(hostName(host))?.control === true;
    return this.known(control ? 's3control' : 's3');
  }

  private apiGateway(path: string): string | undefined {
    return this.known(path.startsWith('/v2/') ? 'apigatewayv2' : 'apigateway');
  }

  private known(name: string): string | undefined {
    return Object.hasOwn(this.index, name) ? name : undefined;
  }
}

/** SQS's model names only its newer protocols, but older clients still post forms to it. */
function speaksQuery(name: string, route: ServiceRoute): boolean {
  return route.protocols.includes('query') || route.protocols.includes('ec2') || name === 'sqs';
}

function pathStyle(host: string, path: string): string {
  const bucket = bucketOf(hostName(host));
  return bucket === '' ? path : `/${bucket}${path}`;
}

/** Unsigned requests may name a region in their host; SigV4A names regions in a header. */
function regionOf(headers: IncomingHttpHeaders, host: string): string {
  const set = headers['x-amz-region-set'];
  if (typeof set === 'string' && set !== '') {
    const first = set.split(',')[0]!.trim();
    return first.includes('*') ? DEFAULT_REGION : first;
  }
  if (host === '') return DEFAULT_REGION;
  return serviceLabels(hostName(host))?.findLast(isRegion) ?? DEFAULT_REGION;
}

export function isAccountId(text: string | undefined): text is string {
  if (text === undefined || text.length !== 12) return false;
  for (let index = 0; index < 12; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/** `2015-03-31` of `/2015-03-31/functions/…`. */
function datedSegment(path: string): string | undefined {
  if (path.length < 12 || path.charCodeAt(11) !== 0x2f /* / */) return undefined;
  for (let index = 1; index < 11; index += 1) {
    const code = path.charCodeAt(index);
    const dash = index === 5 || index === 8;
    if (dash ? code !== 0x2d : code < 0x30 || code > 0x39) return undefined;
  }
  return path.slice(1, 11);
}

/** Older clients of SQS, and people with curl, send to a queue's URL, where they may leave out the version. */
function isQueueCall(path: string, query: string, headers: IncomingHttpHeaders): boolean {
  if (!/^\/\d{12}\/[^/]+\/?$/.test(path)) return false;
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return isForm || formField(query, 'Action') !== undefined;
}

function isMultipart(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.startsWith('multipart/') === true;
}

/** The value of a field of a form or query, as sent: actions and versions need no decoding. */
function formField(form: string, name: string): string | undefined {
  const key = `${name}=`;
  let start = form.startsWith(key) ? 0 : form.indexOf(`&${key}`) + 1;
  if (start === 0 && !form.startsWith(key)) return undefined;
  start += key.length;
  const end = form.indexOf('&', start);
  return form.slice(start, end < 0 ? form.length : end);
}
