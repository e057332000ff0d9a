/** What a browser asks before it sends a request to a bucket. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ids } from '../../core/ids.ts';
import type { Endpoint } from '../../ports/service.ts';
import type { Buckets } from './buckets.ts';
import { corsHeaders } from './cors-rules.ts';

const REFUSED =
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";

/** No API has operations with the method OPTIONS: what nothing else serves is a bucket's. */
export function preflightEndpoint(buckets: Buckets, ids: Ids): Endpoint {
  return {
    pathPrefix: '/',
    serves: ({ method }) => method === 'OPTIONS',
    handle: (request, response) => answer(buckets, ids.uuid(), request, response),
  };
}

function answer(
  buckets: Buckets,
  requestId: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { origin } = request.headers;
  const method = request.headers['access-control-request-method'];
  const [bucketName, key] = addressed(request);
  const refuse = (status: number, code: string, message: string, more = ''): void => {
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}<RequestId>${requestId}</RequestId><HostId>${requestId}</HostId></Error>`;
    response
      .writeHead(status, { 'content-type': 'application/xml', 'x-amz-request-id': requestId })
      .end(body);
  };
  if (origin === undefined || method === undefined)
    return refuse(400, 'BadRequest', 'Insufficient information. Origin request header needed.');
  const forbid = (message: string, type: string, about: string): void =>
    refuse(403, 'AccessForbidden', message, `<Method>${about}</Method><ResourceType>${type}</ResourceType>`);
  const bucket = buckets.find(bucketName);
  if (bucket === undefined) return forbid('CORSResponse: Bucket not found', 'BUCKET', 'OPTIONS');
  const type = key === '' ? 'BUCKET' : 'OBJECT';
  const shown = /^[A-Z]+$/.test(method) ? method : 'OPTIONS';
  if (bucket.cors === undefined)
    return forbid('CORSResponse: CORS is not enabled for this bucket.', type, shown);
  const asked = (request.headers['access-control-request-headers'] ?? '').toLowerCase();
  const headers = asked.split(',').map((name) => name.trim());
  const granted = corsHeaders(bucket.cors, {
    origin,
    method,
    headers: headers.filter((name) => name !== ''),
  });
  if (granted === undefined) return forbid(REFUSED, type, shown);
  response.writeHead(200, { ...granted, 'content-length': '0', 'x-amz-request-id': requestId }).end();
}

/** Names below which a host name's other labels are a bucket. */
const LOCAL_NAME = /\.localhost(?:\.localstack\.cloud)?$/;
/** S3's own label of a host name, with a region behind it or not. */
const S3_LABEL = /(?:^|\.)s3(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d)?$/;

/** By host name or path. */
function addressed({ headers, url = '/' }: IncomingMessage): [bucket: string, key: string] {
  const path = url.split('?')[0]!.slice(1);
  const name = (headers.host ?? '').replace(/:\d+$/, '');
  const host = LOCAL_NAME.test(name) ? name.replace(LOCAL_NAME, '').replace(S3_LABEL, '') : '';
  if (host !== '') return [host, path];
  const slash = path.indexOf('/');
  return slash < 0 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1)];
}
