/**
 * The Lambda runtime API, version 2018-06-01, for runtimes that are not ours. One listener per
 * environment on loopback. The runtime drives a small state machine, whose states have the names by
 * which AWS's runtime interface emulator speaks of them in its refusals:
 *
 *   Started ──next──► Ready ──event──► Running ──response|error──► RuntimeResponseSentState ──next──► Ready
 *   Started ──init/error──► InitError
 *
 * `next` while Running gives the same event again, as there. An event may be handed over before the
 * runtime asks for it; then it is kept until it asks.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
import { apiServer, listenOnLoopback, serverAddress } from './api-server.ts';
import { eventHeaders } from './event-headers.ts';
import { readOutcome } from './outcome-body.ts';
import { passOnStream } from './streamed-body.ts';

const NOTHING_LEFT = Buffer.alloc(0);

const PREFIX = '/2018-06-01/runtime/';

export type RuntimeState = 'Started' | 'InitError' | 'Ready' | 'Running' | 'RuntimeResponseSentState';

/** Answers a request that is not of the runtime API; false when it is not its own either. */
export type OtherRoutes = (request: IncomingMessage, response: ServerResponse) => boolean;

export class RuntimeApi implements RuntimeTransport {
  private readonly listener: EnvironmentListener;
  private readonly server: Server;
  private readonly others: OtherRoutes;
  private state: RuntimeState = 'Started';
  /** The runtime's open request for its next event. */
  private waiting: ServerResponse | undefined;
  /** The event that has no outcome yet. */
  private event: RuntimeEvent | undefined;
  /** The connection on which that event was sent; null once it is known to have been read. */
  private carrier: Socket | null | undefined;
  /** That connection was reset: the runtime had closed it before it read the event. */
  private carrierWasReset = false;
  /** A streamed response to the event has begun; what it was cannot be taken back by another one. */
  private isStreaming = false;
  /** Of the event sent last; it stays the one that outcomes are for until another is sent. */
  private requestId = '';

  private constructor(listener: EnvironmentListener, others: OtherRoutes) {
    this.listener = listener;
    this.others = others;
    this.server = apiServer((request, response) => this.handle(request, response));
    this.server.on('connection', (socket) => {
      socket.prependOnceListener('end', () => this.ended(socket));
      socket.once('close', (hadError) => {
        if (hadError && socket === this.carrier) this.carrierWasReset = true;
      });
    });
  }

  /** `others` serve what else is reached at this address. */
  static async listen(
    listener: EnvironmentListener,
    others: OtherRoutes = () => false,
    place?: ApiPlace,
  ): Promise<RuntimeApi> {
    const api = new RuntimeApi(listener, others);
    await listenOnLoopback(api.server, place);
    return api;
  }

  /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it. */
  get address(): string {
    return serverAddress(this.server);
  }

  get undelivered(): boolean {
    return this.event !== undefined && (this.carrier === undefined || this.carrierWasReset);
  }

  invoke(event: RuntimeEvent): void {
    this.event = event;
    this.carrier = undefined;
    this.carrierWasReset = false;
    this.isStreaming = false;
    if (this.waiting !== undefined && !this.waiting.destroyed) this.deliver(event, this.waiting);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    response.sendDate = false;
    const path = request.url ?? '';
    if (path === `${PREFIX}invocation/next`) {
      if (request.method === 'GET') this.next(response);
      else methodNotAllowed(request, response);
      return;
    }
    const [kind, id, outcome, ...more] = path.startsWith(PREFIX) ? path.slice(PREFIX.length).split('/') : [];
    const isInitError = kind === 'init' && id === 'error' && outcome === undefined;
    const isOutcome = kind === 'invocation' && (outcome === 'response' || outcome === 'error');
    if (more.length > 0 || !(isInitError || isOutcome)) {
      if (!this.others(request, response)) notFound(request, response);
    } else if (request.method !== 'POST') methodNotAllowed(request, response);
    else if (isInitError) this.initError(request, response);
    else this.outcome(request, response, id ?? '', outcome === 'error');
  }

  private next(response: ServerResponse): void {
    if (this.state === 'InitError') {
      transitionRefused(response, this.state, 'Ready');
      return;
    }
    if (this.state === 'Running' && this.event !== undefined) {
      this.deliver(this.event, response);
      return;
    }
    const hasStarted = this.state === 'Started';
    this.state = 'Ready';
    this.waiting = response;
    if (hasStarted) this.listener.ready();
    // `ready` may have led to an event already; otherwise one may have come before.
    if (this.event !== undefined && this.waiting === response) this.deliver(this.event, response);
  }

  /**
   * The runtime has closed a connection. If it carried the event: before the event was read, or after,
   * as curl does. A peer that had gone before has answered the event with a reset by now, and nothing
   * more can be written; to one that has read it a byte can still be sent.
   */
  private ended(socket: Socket): void {
    // A runtime that still lives will ask anew.
    if (this.waiting?.socket === socket) this.waiting = undefined;
    if (socket !== this.carrier || this.event === undefined) return;
    socket.write('\0', (error) => {
      if (socket !== this.carrier) return;
      if (error) this.carrierWasReset = true;
      else this.carrier = null;
    });
  }

  private deliver(event: RuntimeEvent, response: ServerResponse): void {
    this.waiting = undefined;
    this.state = 'Running';
    this.requestId = event.requestId;
    this.carrier = response.socket;
    response.writeHead(200, eventHeaders(event));
    response.end(event.payload);
  }

  private initError(request: IncomingMessage, response: ServerResponse): void {
    readOutcome(request, true, ({ errorType, payload }) => {
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
    if (!isError && mode !== undefined && mode !== '' && mode !== 'streaming') {
      request.resume();
      refuse(response, 400, 'InvalidFunctionResponseMode', 'Invalid function response mode');
      this.finish(
        'Runtime.InvalidResponseModeHeader',
        errorJson('Runtime.InvalidResponseModeHeader', 'Invalid function response mode'),
      );
      return;
    }
    if (!isError && mode === 'streaming') {
      this.stream(request, response, id);
      return;
    }
    readOutcome(request, isError, ({ isTooLarge, errorType, payload }) => {
      // Another request may have ended the invocation while this one's body came in.
      if (!this.mayEnd(response, id, isError)) return;
      if (isTooLarge) payloadTooLarge(response);
      else accepted(response);
      this.finish(errorType, payload);
    });
  }

  private stream(request: IncomingMessage, response: ServerResponse, id: string): void {
    this.isStreaming = true;
    const isOpen = (): boolean => id === this.requestId && this.state === 'Running';
    const { 'content-type': contentType } = request.headers;
    if (contentType !== undefined && isOpen()) this.listener.responseType?.(id, contentType);
    passOnStream(
      request,
      (chunk) => (isOpen() ? this.listener.responseChunk(id, chunk) : undefined),
      (failure) => {
        if (isOpen()) this.isStreaming = false;
        if (!this.mayEnd(response, id, false)) return;
        accepted(response);
        this.finish(failure?.errorType, failure?.payload ?? NOTHING_LEFT);
      },
    );
  }

  private mayEnd(response: ServerResponse, id: string, isError: boolean): boolean {
    if (id !== this.requestId) {
      refuse(response, 400, 'InvalidRequestID', 'Invalid request ID');
      return false;
    }
    if (this.state !== 'Running' || (this.isStreaming && !isError)) {
      transitionRefused(response, this.state, isError ? 'InvocationErrorResponse' : 'InvocationResponse');
      return false;
    }
    return true;
  }

  /** With an error type the function has failed. */
  private finish(errorType: string | undefined, payload: Buffer): void {
    this.state = 'RuntimeResponseSentState';
    this.event = undefined;
    if (errorType === undefined) this.listener.response(this.requestId, payload, undefined);
    else this.listener.error(this.requestId, errorType, payload, undefined);
  }
}
