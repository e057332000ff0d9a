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
  let abort: AbortController | undefined;
  return {
    requestId,
    region: routed.region,
    accountId: routed.accountId,
    accessKeyId: routed.accessKeyId,
    headers,
    origin: headers.host === undefined ? defaultOrigin() : `http://${headers.host}`,
    // Made when a handler asks for it, since many never do.
    get signal(): AbortSignal {
      if (abort === undefined) {
        const controller = new AbortController();
        abort = controller;
        const left = (): void => {
          if (!response.writableFinished) controller.abort();
        };
        if (response.destroyed) left();
        else response.once('close', left);
      }
      return abort.signal;
    },
  };
}
