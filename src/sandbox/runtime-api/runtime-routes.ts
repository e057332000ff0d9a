/**
 * What the runtime API has in common for runtimes with one event at a time and with several: its paths, how outcomes are
 * read, and what is refused in which words. Which outcome may come when is a matter of each.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { EnvironmentListener, RuntimeEvent } from '../../ports/environment.ts';
import {
  accepted,
  errorJson,
  methodNotAllowed,
  notFound,
  payloadTooLarge,
  refuse,
  transitionRefused,
} from './api-answers.ts';
import { apiServer, serverAddress } from './api-server.ts';
import { readOutcome } from './outcome-body.ts';
import { passOnStream } from './streamed-body.ts';

const PREFIX = '/2018-06-01/runtime/';
const NOTHING_LEFT = Buffer.alloc(0);

export type RuntimeState = 'Started' | 'InitError' | 'Ready' | 'Running' | 'RuntimeResponseSentState';

/** Answers a request that is not of the runtime API; false when it is not its own either. */
export type OtherRoutes = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A streamed response that has begun. */
export interface OpenStream {
  /** False once its event has had another outcome. */
  isOpen(): boolean;
  /** It has come whole. */
  end(): void;
}

export abstract class RuntimeRoutes {
  protected readonly listener: EnvironmentListener;
  protected readonly server: Server;
  protected state: RuntimeState = 'Started';
  private readonly others: OtherRoutes;

  /** `others` serve what else is reached at this address. */
  protected constructor(listener: EnvironmentListener, others: OtherRoutes) {
    this.listener = listener;
    this.others = others;
    this.server = apiServer((request, response) => this.handle(request, response));
  }

  /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it. */
  get address(): string {
    return serverAddress(this.server);
  }

  abstract invoke(event: RuntimeEvent): void;

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** The runtime asks for an event. */
  protected abstract next(response: ServerResponse): void;

  /** Whether an outcome of that event is due; has refused it otherwise. */
  protected abstract mayEnd(response: ServerResponse, id: string, isError: boolean): boolean;

  /** Called when it may. */
  protected abstract beginStream(id: string): OpenStream;

  /** The event has its outcome. With an error type the function has failed. */
  protected abstract finish(id: string, errorType: string | undefined, payload: Buffer): void;

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
    const stream = this.beginStream(id);
    const { 'content-type': contentType } = request.headers;
    if (contentType !== undefined) this.listener.responseType?.(id, contentType);
    passOnStream(
      request,
      (chunk) => (stream.isOpen() ? this.listener.responseChunk(id, chunk) : undefined),
      (failure) => {
        if (stream.isOpen()) stream.end();
        if (!this.mayEnd(response, id, false)) return;
        accepted(response);
        this.finish(id, failure?.errorType, failure?.payload ?? NOTHING_LEFT);
      },
    );
  }
}
