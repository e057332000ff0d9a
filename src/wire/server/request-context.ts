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
  return new HttpRequestContext(request, response, routed, requestId, defaultOrigin);
}

class HttpRequestContext implements RequestContext {
  readonly requestId: string;
  readonly region: string;
  readonly accountId: string;
  readonly accessKeyId: string | undefined;
  readonly sessionToken: string | undefined;
  readonly identity: RequestContext['identity'];
  readonly headers: RequestContext['headers'];
  readonly answerHeaders: Record<string, string> = {};
  private readonly response: ServerResponse;
  private readonly defaultOrigin: () => string;
  private leaving: AbortSignal | undefined;

  constructor(
    { headers }: IncomingMessage,
    response: ServerResponse,
    routed: RoutedRequest,
    requestId: string,
    defaultOrigin: () => string,
  ) {
    this.requestId = requestId;
    this.region = routed.region;
    this.accountId = routed.accountId;
    this.accessKeyId = routed.accessKeyId;
    this.sessionToken = routed.sessionToken;
    this.identity = routed.identity;
    this.headers = headers;
    this.response = response;
    this.defaultOrigin = defaultOrigin;
  }

  get origin(): string {
    const { host } = this.headers;
    return host === undefined ? this.defaultOrigin() : `http://${host}`;
  }

  /** Made for the few operations that ask. */
  get signal(): AbortSignal {
    this.leaving ??= leavingSignal(this.response);
    return this.leaving;
  }
}

function leavingSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const left = (): void => {
    if (!response.writableFinished) controller.abort();
  };
  if (response.destroyed) left();
  else response.once('close', left);
  return controller.signal;
}
