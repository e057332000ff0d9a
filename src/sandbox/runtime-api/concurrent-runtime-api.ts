/**
 * The Lambda runtime API for runtimes that take several events at once: "Managed Instances can accept concurrent /next
 * and /response requests up to the configured AWS_LAMBDA_MAX_CONCURRENCY limit" (AWS, "Using the Lambda runtime API").
 * Every event has a state of its own; the runtime has none but whether its init has failed.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { EnvironmentListener, RuntimeEvent } from '../../ports/environment.ts';
import type { RuntimeTransport } from '../environment/runtime-transport.ts';
import {
  accepted,
  errorJson,
  methodNotAllowed,
  notFound,
  payloadTooLarge,
  refuse,
  transitionRefused,
} from './api-answers.ts';
import type { ApiPlace } from './api-server.ts';
import { apiServer, listenOnLoopback, MAX_API_CONNECTIONS, serverAddress } from './api-server.ts';
import { eventHeaders } from './event-headers.ts';
import { readOutcome } from './outcome-body.ts';
import type { OtherRoutes } from './runtime-api.ts';
import { passOnStream } from './streamed-body.ts';

const PREFIX = '/2018-06-01/runtime/';
const NOTHING_LEFT = Buffer.alloc(0);

/** An event that the runtime has and owes an outcome for. */
interface TakenEvent {
  /** A streamed response has begun; another cannot take its place. */
  isStreaming: boolean;
}

export class ConcurrentRuntimeApi implements RuntimeTransport {
  private readonly listener: EnvironmentListener;
  private readonly others: OtherRoutes;
  private readonly maxConcurrency: number;
  private readonly server: Server;
  private state: 'Started' | 'InitError' | 'Ready' = 'Started';
  /** The runtime's open requests for events, the oldest first. */
  private readonly waiting = new Set<ServerResponse>();
  /** Events that came before the runtime asked for them. */
  private readonly kept: RuntimeEvent[] = [];
  /** By request id. */
  private readonly taken = new Map<string, TakenEvent>();
  /** Nobody asks: an environment that takes several events is not said to have missed the last one. */
  readonly undelivered = false;

  private constructor(listener: EnvironmentListener, others: OtherRoutes, maxConcurrency: number) {
    this.listener = listener;
    this.others = others;
    this.maxConcurrency = maxConcurrency;
    this.server = apiServer((request, response) => this.handle(request, response));
    this.server.maxConnections = MAX_API_CONNECTIONS + 2 * maxConcurrency;
  }

  /** `others` serve what else is reached at this address. */
  static async listen(
    listener: EnvironmentListener,
    others: OtherRoutes,
    maxConcurrency: number,
    place?: ApiPlace,
  ): Promise<ConcurrentRuntimeApi> {
    const api = new ConcurrentRuntimeApi(listener, others, maxConcurrency);
    await listenOnLoopback(api.server, place);
    return api;
  }

  /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it. */
  get address(): string {
    return serverAddress(this.server);
  }

  invoke(event: RuntimeEvent): void {
    const [response] = this.waiting;
    if (response === undefined) this.kept.push(event);
    else this.deliver(event, response);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    response.sendDate = false;
    const path = request.url ?? '';
    const [kind, id = '', outcome, ...more] = path.startsWith(PREFIX)
      ? path.slice(PREFIX.length).split('/')
      : [];
    const isNext = kind === 'invocation' && id === 'next' && outcome === undefined;
    const isInitError = kind === 'init' && id === 'error' && outcome === undefined;
    const isOutcome = kind === 'invocation' && (outcome === 'response' || outcome === 'error');
    if (more.length > 0 || !(isNext || isInitError || isOutcome)) {
      if (!this.others(request, response)) notFound(request, response);
    } else if (request.method !== (isNext ? 'GET' : 'POST')) methodNotAllowed(request, response);
    else if (isNext) this.next(response);
    else if (isInitError) this.initError(request, response);
    else this.outcome(request, response, id, outcome === 'error');
  }

  private next(response: ServerResponse): void {
    const hasTooMany = this.waiting.size + this.taken.size >= this.maxConcurrency;
    if (this.state === 'InitError' || hasTooMany) {
      transitionRefused(response, this.state, 'Ready');
      return;
    }
    const hasStarted = this.state === 'Started';
    this.state = 'Ready';
    this.waiting.add(response);
    response.once('close', () => this.waiting.delete(response));
    if (hasStarted) this.listener.ready();
    // `ready` may have led to an event for this request already.
    const event = this.waiting.has(response) ? this.kept.shift() : undefined;
    if (event !== undefined) this.deliver(event, response);
  }

  private deliver(event: RuntimeEvent, response: ServerResponse): void {
    this.waiting.delete(response);
    this.taken.set(event.requestId, { isStreaming: false });
    response.writeHead(200, eventHeaders(event));
    response.end(event.payload);
  }

  private initError(request: IncomingMessage, response: ServerResponse): void {
    readOutcome(request, true, ({ errorType, payload }) => {
      // One of several workers may fail where others have come through.
      if (this.state !== 'Started') {
        transitionRefused(response, this.state, 'InitError');
        return;
      }
      this.state = 'InitError';
      accepted(response);
      this.listener.initError(errorType ?? 'Runtime.Unknown', payload);
    });
  }

  private outcome(request: IncomingMessage, response: ServerResponse, id: string, isError: boolean): void {
    if (!this.mayEnd(response, id, isError)) {
      request.resume();
      return;
    }
    const mode = request.headers['lambda-runtime-function-response-mode'];
    if (!isError && mode === 'streaming') {
      this.stream(request, response, id);
      return;
    }
    if (!isError && mode !== undefined && mode !== '') {
      request.resume();
      const [errorType, words] = ['Runtime.InvalidResponseModeHeader', 'Invalid function response mode'];
      refuse(response, 400, 'InvalidFunctionResponseMode', words);
      this.finish(id, errorType, errorJson(errorType, words));
      return;
    }
    readOutcome(request, isError, ({ isTooLarge, errorType, payload }) => {
      // Another request may have ended the invocation while this one's body came in.
      if (!this.mayEnd(response, id, isError)) return;
      if (isTooLarge) payloadTooLarge(response);
      else accepted(response);
      this.finish(id, errorType, payload);
    });
  }

  private stream(request: IncomingMessage, response: ServerResponse, id: string): void {
    const taken = this.taken.get(id)!;
    taken.isStreaming = true;
    const isOpen = (): boolean => this.taken.get(id) === taken;
    const { 'content-type': contentType } = request.headers;
    if (contentType !== undefined) this.listener.responseType?.(id, contentType);
    passOnStream(
      request,
      (chunk) => (isOpen() ? this.listener.responseChunk(id, chunk) : undefined),
      (failure) => {
        if (isOpen()) taken.isStreaming = false;
        if (!this.mayEnd(response, id, false)) return;
        accepted(response);
        this.finish(id, failure?.errorType, failure?.payload ?? NOTHING_LEFT);
      },
    );
  }

  private mayEnd(response: ServerResponse, id: string, isError: boolean): boolean {
    const taken = this.taken.get(id);
    if (taken === undefined) {
      refuse(response, 400, 'InvalidRequestID', 'Invalid request ID');
      return false;
    }
    if (taken.isStreaming && !isError) {
      transitionRefused(response, 'Running', 'InvocationResponse');
      return false;
    }
    return true;
  }

  /** With an error type the function has failed. */
  private finish(id: string, errorType: string | undefined, payload: Buffer): void {
    this.taken.delete(id);
    if (errorType === undefined) this.listener.response(id, payload, undefined);
    else this.listener.error(id, errorType, payload, undefined);
  }
}
