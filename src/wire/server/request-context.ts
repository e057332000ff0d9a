import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestContext } from '../../ports/service.ts';
import type { RoutedRequest } from '../routing/router.ts';

/** What a handler is told of its request. */
export function requestContext(
  request: IncomingMessage,
  response: ServerResponse,
  routed: RoutedRequest,
  requestId: string,
  defaultOrigin: () => string,
): RequestContext {
  const { headers } = request;
  // Made for every request: a getter in a literal costs several times as much as the controller.
  const controller = new AbortController();
  const left = (): void => {
    if (!response.writableFinished) controller.abort();
  };
  if (response.destroyed) left();
  else response.once('close', left);
  return {
    requestId,
    region: routed.region,
    accountId: routed.accountId,
    accessKeyId: routed.accessKeyId,
    identity: routed.identity,
    headers,
    origin: headers.host === undefined ? defaultOrigin() : `http://${headers.host}`,
    signal: controller.signal,
    answerHeaders: {},
  };
}
