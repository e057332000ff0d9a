/** What a browser asks before it sends a request to a bucket. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Endpoint } from '../../ports/service.ts';
import { addressed } from './addressed-object.ts';
import type { Buckets } from './buckets.ts';
import { corsHeaders } from './cors-rules.ts';
import { sendError } from './error-document.ts';

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
  const refuse = (status: number, code: string, message: string, members = {}): void =>
    sendError(response, requestId, new AwsError(code, message, members, status));
  if (origin === undefined || method === undefined)
    return refuse(400, 'BadRequest', 'Insufficient information. Origin request header needed.');
  const forbid = (message: string, type: string, about: string): void =>
    refuse(403, 'AccessForbidden', message, { Method: about, ResourceType: type });
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
