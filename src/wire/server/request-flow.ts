/**
 * The life of one request: head → endpoint, or service → operation → body → input → handler →
 * answer. Signatures are verified as early as they can be, see `authenticate`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { AwsError, PlatformError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Log } from '../../ports/log.ts';
import type { Endpoint } from '../../ports/service.ts';
import type { MatchedOperation, WireRequest, WireResponse } from '../contract.ts';
import type { RoutedRequest, Router } from '../routing/router.ts';
import type { Authorizer, SignatureCheck } from './authorizer.ts';
import { decodedHeaders, isAwsChunked } from './aws-chunked.ts';
import { inputStream } from './input-stream.ts';
import { internalError } from './internal-error.ts';
import type { Timeouts } from './limits.ts';
import { REFUSED_BODY_LINGER_MS } from './limits.ts';
import { plainError } from './plain-error.ts';
import { receiveBody, refuseAnnounced } from './received-body.ts';
import { BodyTruncated } from './request-body.ts';
import { requestContext } from './request-context.ts';
import { cutOff, writeResponse } from './response-writer.ts';
import type { ServedService, ServiceTable } from './service-table.ts';
import { notImplemented, operationOf } from './service-table.ts';

export interface RequestFlowOptions {
  readonly endpoints: readonly Endpoint[];
  readonly services: ServiceTable;
  readonly router: Router;
  /** Undefined where nothing is checked. */
  readonly authorizer: Authorizer | undefined;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeouts: Timeouts;
  /** True once connections are no longer to be kept. */
  readonly closing: () => boolean;
  /** Says why a request may not be served at all, by its Host and Origin; undefined when it may. */
  readonly refusal: (request: IncomingMessage, isForAnyOrigin: boolean) => string | undefined;
  /** `http://host:port` for requests without a Host header. */
  readonly defaultOrigin: () => string;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits for 100 before it sends its body, and has not got it yet. */
  expectsContinue: boolean;
}

/** What is known of a request so far; errors are rendered with it. */
interface Progress {
  readonly requestId: string;
  readonly startedMs: number;
  routed: RoutedRequest | undefined;
  service: ServedService | undefined;
  match: MatchedOperation | undefined;
  /** Its signature, where that is checked. */
  check: SignatureCheck | undefined;
  /** What the operation has added to the header of its answer, an error's too. */
  answerHeaders: Readonly<Record<string, string>>;
}

export class RequestFlow {
  private readonly options: RequestFlowOptions;
  private readonly endpoints: readonly Endpoint[];

  constructor(options: RequestFlowOptions) {
    this.options = options;
    // The longest prefix that fits is meant, after those that have hosts of their own.
    const rank = ({ ownsHosts, pathPrefix }: Endpoint): number =>
      ownsHosts ? Number.POSITIVE_INFINITY : pathPrefix.length;
    this.endpoints = [...options.endpoints].sort((a, b) => (rank(a) < rank(b) ? 1 : -1));
  }

  /** Answers one request. Never rejects. `expectsContinue`: the client waits for 100 before it sends. */
  async handle(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const exchange: Exchange = { request, response, expectsContinue };
    const progress: Progress = {
      requestId: this.options.ids.uuid(),
      startedMs: this.options.clock.monotonic(),
      routed: undefined,
      service: undefined,
      match: undefined,
      check: undefined,
      answerHeaders: {},
    };
    let answer: WireResponse;
    try {
      const url = request.url ?? '/';
      const endpoint = this.findEndpoint(url, request);
      const refusal = this.options.refusal(request, endpoint?.ownsHosts === true);
      if (refusal !== undefined) throw new AwsError('AccessDeniedException', refusal, {}, 403);
      if (endpoint !== undefined) {
        if (expectsContinue) response.writeContinue();
        await endpoint.handle(request, response);
        return;
      }
      answer = await this.answer(exchange, url, progress);
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
      if (!request.complete) {
        // A client that was never told to continue may or may not send its body now.
        if (exchange.expectsContinue) response.shouldKeepAlive = false;
        else lingerOver(request);
      }
      if (this.options.closing()) response.shouldKeepAlive = false;
      const pieces = writeResponse(response, answer);
      if (pieces !== undefined) await pieces;
    } catch (error) {
      this.cutOff(response, progress, error);
    }
    this.logAnswer(progress, answer.status);
  }

  private async answer(exchange: Exchange, url: string, progress: Progress): Promise<WireResponse> {
    const { router, services, authorizer } = this.options;
    const { bodyIdleMs } = this.options.timeouts;
    const { request } = exchange;
    const mark = url.indexOf('?');
    const path = pathOf(mark < 0 ? url : url.slice(0, mark));
    const query = mark < 0 ? '' : url.slice(mark + 1);
    const routed = router.route(request.method ?? 'GET', path, query, request.headers);
    progress.routed = routed;
    if (routed.service !== undefined) progress.service = services.find(routed.service);
    const check = authorizer && (await authorizer.begin(request, path, routed.head, routed.service));
    progress.check = check;
    progress.match = progress.service?.model.match(routed.head);
    const { service, match } = progress;
    const limit = match && service && operationOf(service, match.operation).bodyLimit;
    refuseAnnounced(request, limit, match?.streamsInput === true);
    if (exchange.expectsContinue) {
      exchange.response.writeContinue();
      exchange.expectsContinue = false;
    }
    if (service && match?.streamsInput && (check === undefined || check.verified !== undefined)) {
      const { headers } = routed.head;
      const head = isAwsChunked(headers)
        ? { ...routed.head, headers: decodedHeaders(headers, {}) }
        : routed.head;
      return this.run(
        service,
        match,
        { ...head, body: inputStream(request, bodyIdleMs, limit, check) },
        exchange,
        progress,
      );
    }
    const { body, headers } = await receiveBody(
      request,
      bodyIdleMs,
      limit,
      check,
      service?.model.acceptsGzip,
    );
    progress.service ??= this.serviceOfForm(routed, body);
    progress.match ??= progress.service.model.match(routed.head, body);
    if (progress.match === undefined) {
      throw new AwsError('MissingAction', 'The request must contain the parameter Action.', {}, 400);
    }
    const { method } = routed.head;
    const streamed = progress.match.streamsInput ? Readable.from([body]) : body;
    const wireRequest = { method, path: routed.head.path, query, headers, body: streamed };
    return this.run(progress.service, progress.match, wireRequest, exchange, progress);
  }

  private serviceOfForm(routed: RoutedRequest, body: Buffer): ServedService {
    const name = routed.service ?? this.options.router.byForm(body.toString('latin1'));
    const service = name === undefined ? undefined : this.options.services.find(name);
    if (service === undefined) throw unknownService(routed);
    return service;
  }

  private async run(
    service: ServedService,
    match: MatchedOperation,
    wireRequest: WireRequest,
    { request, response }: Exchange,
    progress: Progress,
  ): Promise<WireResponse> {
    const { requestId, routed, check } = progress;
    const { handler } = operationOf(service, match.operation);
    if (handler === undefined) throw notImplemented(service.name, match.operation);
    const input = service.model.decode(match, wireRequest);
    const context = requestContext(request, response, routed!, requestId, this.options.defaultOrigin);
    progress.answerHeaders = context.answerHeaders;
    if (check !== undefined) {
      const { operation } = match;
      const { path } = wireRequest;
      await check.permit(request, { service: service.name, operation, input, context, path });
    }
    const output = await handler(input, context);
    const answer = service.model.encodeOutput(match, output, requestId);
    for (const name in context.answerHeaders) answer.headers[name] = context.answerHeaders[name]!;
    return answer;
  }

  private findEndpoint(url: string, request: IncomingMessage): Endpoint | undefined {
    for (const endpoint of this.endpoints)
      if (url.startsWith(endpoint.pathPrefix) && endpoint.serves?.(request) !== false) return endpoint;
    return undefined;
  }

  private errorAnswer(request: IncomingMessage, progress: Progress, error: unknown): WireResponse {
    const { requestId, routed, service, match } = progress;
    let modelled: AwsError;
    if (error instanceof AwsError) modelled = error;
    else if (error instanceof BodyTruncated) {
      modelled = new AwsError('RequestTimeout', `The request body is incomplete: ${error.message}.`, {}, 408);
    } else if (error instanceof PlatformError) {
      this.options.log.error(
        { requestId, call: callOf(progress), err: error },
        `a request failed: ${error.remedy}`,
      );
      modelled = internalError(service?.name, error);
    } else {
      this.logBug(progress, error);
      modelled = internalError(service?.name);
    }
    if (service !== undefined && routed !== undefined) {
      try {
        const answer = service.model.encodeError(match, routed.head, modelled, requestId);
        Object.assign(answer.headers, progress.answerHeaders);
        return answer;
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
    cutOff(response);
  }

  private logAnswer({ requestId, startedMs, service, match }: Progress, status: number): void {
    const durationMs = this.options.clock.monotonic() - startedMs;
    const [name, operation] = [service?.name, match?.operation];
    this.options.log.debug({ requestId, service: name, operation, status, durationMs }, 'answered');
  }

  private logBug(progress: Progress, error: unknown): void {
    this.options.log.error(
      { requestId: progress.requestId, call: callOf(progress), err: error },
      'a request failed because of a bug in this server',
    );
  }
}

function callOf({ service, match }: Progress): string {
  return `${service?.name ?? 'unknown service'}:${match?.operation ?? 'unknown operation'}`;
}

function unknownService({ head, service, signedFor }: RoutedRequest): AwsError {
  const target = head.headers['x-amz-target'];
  const named = [
    ...(signedFor === undefined ? [] : [`its credential scope names '${signedFor}'`]),
    ...(target === undefined ? [] : [`its X-Amz-Target is '${String(target)}'`]),
    ...(service === undefined ? [] : [`it is for '${service}'`]),
  ];
  const reason =
    named.length > 0
      ? named.join(' and ')
      : 'it is not signed, and neither X-Amz-Target, host name, path nor Action and Version name one';
  return new AwsError(
    'UnknownOperationException',
    `${head.method} ${head.path} is not a request of a service that this server knows: ${reason}.`,
    {},
    404,
  );
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
  // A handler may have left unread what was piped to it.
  request.unpipe();
  request.resume();
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), REFUSED_BODY_LINGER_MS);
  timer.unref();
  const done = (): void => clearTimeout(timer);
  request.once('end', done).once('close', done);
}
