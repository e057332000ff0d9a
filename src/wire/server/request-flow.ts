/**
 * The life of one request: head → endpoint, or service → operation → body → input → handler →
 * answer. Signatures are verified as early as they can be, see `authenticate`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Log } from '../../ports/log.ts';
import type { Endpoint, RequestContext } from '../../ports/service.ts';
import type { MatchedOperation, WireRequest, WireRequestHead, WireResponse } from '../contract.ts';
import type { RoutedRequest, Router } from '../routing/router.ts';
import { internalError } from './internal-error.ts';
import { DEFAULT_MAX_BODY_BYTES, REFUSED_BODY_LINGER_MS } from './limits.ts';
import { plainError } from './plain-error.ts';
import { announcedBytes, BodyTooLarge, BodyTruncated, readBody } from './request-body.ts';
import { writeResponse } from './response-writer.ts';
import type { ServedService, ServiceTable } from './service-table.ts';
import { notImplemented, operationOf } from './service-table.ts';

export interface RequestFlowOptions {
  readonly endpoints: readonly Endpoint[];
  readonly services: ServiceTable;
  readonly router: Router;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly log: Log;
  /** Says why a request may not be served at all, by its Host and Origin; undefined when it may. */
  readonly refusal: (request: IncomingMessage) => string | undefined;
  /** `http://host:port` for requests without a Host header. */
  readonly defaultOrigin: () => string;
}

/** What is known of a request so far; errors are rendered with it. */
interface Progress {
  readonly requestId: string;
  routed: RoutedRequest | undefined;
  service: ServedService | undefined;
  match: MatchedOperation | undefined;
}

export class RequestFlow {
  private readonly options: RequestFlowOptions;

  constructor(options: RequestFlowOptions) {
    this.options = options;
  }

  /** Answers one request. Never rejects. `expectsContinue`: the client waits for 100 before it sends. */
  async handle(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const progress: Progress = {
      requestId: this.options.ids.uuid(),
      routed: undefined,
      service: undefined,
      match: undefined,
    };
    let answer: WireResponse;
    try {
      const refusal = this.options.refusal(request);
      if (refusal !== undefined) throw new AwsError('AccessDeniedException', refusal, {}, 403);
      const url = request.url ?? '/';
      const endpoint = this.findEndpoint(url);
      if (endpoint !== undefined) {
        if (expectsContinue) response.writeContinue();
        await endpoint.handle(request, response);
        return;
      }
      answer = await this.answer(request, response, url, expectsContinue, progress);
    } catch (error) {
      if (error instanceof BodyTruncated && !error.timedOut) {
        this.options.log.debug({ requestId: progress.requestId }, `upload cut short: ${error.message}`);
        response.destroy();
        return;
      }
      if (response.headersSent) return this.cutOff(response, progress, error);
      answer = this.errorAnswer(request, progress, error);
    }
    try {
      if (!request.complete) lingerOver(request);
      await writeResponse(response, answer);
    } catch (error) {
      this.cutOff(response, progress, error);
    }
  }

  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    url: string,
    expectsContinue: boolean,
    progress: Progress,
  ): Promise<WireResponse> {
    const { router, services } = this.options;
    const mark = url.indexOf('?');
    const path = pathOf(mark < 0 ? url : url.slice(0, mark));
    const query = mark < 0 ? '' : url.slice(mark + 1);
    let routed = router.route(request.method ?? 'GET', path, query, request.headers);
    progress.routed = routed;
    const open = (name: string): ServedService | undefined => {
      progress.service = services.find(name);
      return progress.service;
    };
    let service = routed.service === undefined ? undefined : open(routed.service);
    progress.match = service?.model.match(routed.head);

    const limit = progress.match && service && operationOf(service, progress.match.operation).bodyLimit;
    const maxBytes = limit?.maxBytes ?? DEFAULT_MAX_BODY_BYTES;
    const announced = announcedBytes(request);
    if (announced !== undefined && announced > maxBytes && !(progress.match?.streamsInput && !limit)) {
      throw limit?.error(announced) ?? tooLarge(maxBytes);
    }
    if (expectsContinue) response.writeContinue();
    if (progress.match?.streamsInput && service) {
      return this.run(
        service,
        progress.match,
        { ...routed.head, body: request },
        request,
        response,
        progress,
      );
    }
    const body = await readBody(request, maxBytes).catch((error: unknown) => {
      throw error instanceof BodyTooLarge ? (limit?.error(error.sizeBytes) ?? tooLarge(maxBytes)) : error;
    });
    if (service === undefined) {
      const name = router.byForm(body.toString('latin1'));
      service = name === undefined ? undefined : open(name);
      if (service === undefined) throw unknownService(routed);
      routed = { ...routed, service: name };
      progress.routed = routed;
    }
    progress.match ??= service.model.match(routed.head, body);
    if (progress.match === undefined) {
      throw new AwsError('MissingAction', 'The request names no action of the service.', {}, 400);
    }
    return this.run(service, progress.match, withBody(routed.head, body), request, response, progress);
  }

  private async run(
    service: ServedService,
    match: MatchedOperation,
    wireRequest: WireRequest,
    request: IncomingMessage,
    response: ServerResponse,
    progress: Progress,
  ): Promise<WireResponse> {
    const { handler } = operationOf(service, match.operation);
    if (handler === undefined) throw notImplemented(service.name, match.operation);
    const input = service.model.decode(match, wireRequest);
    const output = await handler(input, this.context(request, response, progress));
    return service.model.encodeOutput(match, output, progress.requestId);
  }

  private context(request: IncomingMessage, response: ServerResponse, progress: Progress): RequestContext {
    const { headers } = request;
    const routed = progress.routed!;
    let abort: AbortController | undefined;
    return {
      requestId: progress.requestId,
      region: routed.region,
      accountId: routed.accountId,
      accessKeyId: routed.accessKeyId,
      headers,
      origin: headers.host === undefined ? this.options.defaultOrigin() : `http://${headers.host}`,
      // Made when a handler asks for it: most never do.
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

  private findEndpoint(url: string): Endpoint | undefined {
    for (const endpoint of this.options.endpoints) if (url.startsWith(endpoint.pathPrefix)) return endpoint;
    return undefined;
  }

  private errorAnswer(request: IncomingMessage, progress: Progress, error: unknown): WireResponse {
    const { requestId, routed, service, match } = progress;
    let modelled: AwsError;
    if (error instanceof AwsError) modelled = error;
    else if (error instanceof BodyTruncated) {
      modelled = new AwsError('RequestTimeout', `The request body is incomplete: ${error.message}.`, {}, 408);
    } else {
      this.logBug(progress, error);
      modelled = internalError(service?.name);
    }
    if (service !== undefined && routed !== undefined) {
      try {
        return service.model.encodeError(match, routed.head, modelled, requestId);
      } catch (failure) {
        this.logBug(progress, failure);
        modelled = internalError(service.name);
      }
    }
    return plainError(request.headers, modelled, requestId);
  }

  /** The status is out already: all that can be said is that the answer is not whole. */
  private cutOff(response: ServerResponse, progress: Progress, error: unknown): void {
    this.logBug(progress, error);
    response.destroy();
  }

  private logBug(progress: Progress, error: unknown): void {
    const { requestId, service, match } = progress;
    const call = `${service?.name ?? 'unknown service'}:${match?.operation ?? 'unknown operation'}`;
    this.options.log.error(
      { requestId, call, err: error },
      'a request failed because of a bug in this server',
    );
  }
}

function tooLarge(maxBytes: number): AwsError {
  return new AwsError(
    'RequestEntityTooLargeException',
    `HTTP content length exceeded ${maxBytes} bytes.`,
    {},
    413,
  );
}

function unknownService({ head, service }: RoutedRequest): AwsError {
  const what = service === undefined ? '' : ` There is no service '${service}' here.`;
  return new AwsError(
    'UnknownOperationException',
    `${head.method} ${head.path} is not a request of a known AWS service: it is not signed, and neither ` +
      `X-Amz-Target, host name, path nor Action and Version name one.${what}`,
    {},
    404,
  );
}

function withBody(head: WireRequestHead, body: Buffer): WireRequest {
  return { method: head.method, path: head.path, query: head.query, headers: head.headers, body };
}

/** The path of a request target; proxies send it in absolute form, `http://host/path`. */
function pathOf(target: string): string {
  if (target.charCodeAt(0) === 0x2f /* / */) return target;
  const scheme = target.indexOf('://');
  if (scheme < 0) return `/${target}`;
  const slash = target.indexOf('/', scheme + 3);
  return slash < 0 ? '/' : target.slice(slash);
}

/**
 * An answer before the whole body was read: the rest is read and dropped, since a client that is
 * still writing when the connection is closed may never see the answer. Not for ever, though.
 */
function lingerOver(request: IncomingMessage): void {
  request.resume();
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), REFUSED_BODY_LINGER_MS);
  timer.unref();
  const done = (): void => clearTimeout(timer);
  request.once('end', done).once('close', done);
}
