/**
 * The Lambda runtime API, version 2018-06-01, for runtimes that are not ours. One listener per
 * environment on loopback. The runtime drives a small state machine:
 *
 *   init ──next──► idle ──event──► busy ──response|error──► answered ──next──► idle
 *   init ──init/error──► failed
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EnvironmentListener, RuntimeEvent } from '../../ports/environment.ts';
import type { RuntimeTransport } from '../environment/runtime-transport.ts';

const PREFIX = '/2018-06-01/runtime/';

/** Largest response body taken in: 6 MB and what AWS allows on top; beyond, the runtime gets 413. Bytes. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100;

type State = 'init' | 'idle' | 'busy' | 'answered' | 'failed';

export class RuntimeApi implements RuntimeTransport {
  private readonly listener: EnvironmentListener;
  private readonly server: Server;
  private state: State = 'init';
  /** The runtime's open request for its next event. */
  private waiting: ServerResponse | undefined;
  /** An event that came before the runtime asked. */
  private queued: RuntimeEvent | undefined;
  private requestId = '';

  private constructor(listener: EnvironmentListener) {
    this.listener = listener;
    this.server = createServer({ keepAlive: true, noDelay: true }, (request, response) =>
      this.handle(request, response),
    );
    // A runtime may hold its request open for as long as there is no event.
    this.server.requestTimeout = 0;
    this.server.headersTimeout = 0;
    this.server.keepAliveTimeout = 0;
    this.server.timeout = 0;
  }

  static async listen(listener: EnvironmentListener): Promise<RuntimeApi> {
    const api = new RuntimeApi(listener);
    await new Promise<void>((resolve, reject) => {
      api.server.once('error', reject);
      api.server.listen(0, '127.0.0.1', resolve);
    });
    api.server.unref();
    return api;
  }

  /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  invoke(event: RuntimeEvent): void {
    if (this.waiting === undefined) this.queued = event;
    else this.deliver(event, this.waiting);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    response.sendDate = false;
    const path = request.url ?? '';
    if (request.method === 'GET' && path === `${PREFIX}invocation/next`) return this.next(request, response);
    if (request.method !== 'POST' || !path.startsWith(PREFIX)) return notFound(response);
    const rest = path.slice(PREFIX.length);
    if (rest === 'init/error')
      return this.gather(request, response, (body) => this.initError(request, response, body));
    const [kind, id, outcome, ...more] = rest.split('/');
    if (kind !== 'invocation' || more.length > 0 || (outcome !== 'response' && outcome !== 'error'))
      return notFound(response);
    if (id !== this.requestId || this.state !== 'busy') {
      request.resume();
      return answer(response, 400, apiError('InvalidRequestID', `Invalid request ID: ${id}`));
    }
    if (request.headers['lambda-runtime-function-response-mode'] === 'streaming') {
      request.resume();
      return answer(
        response,
        501,
        apiError('NotImplemented', 'Streaming responses are not implemented yet.'),
      );
    }
    this.gather(request, response, (body) => this.outcome(request, response, outcome, body));
  }

  private next(request: IncomingMessage, response: ServerResponse): void {
    if (this.state === 'failed' || this.state === 'busy') {
      return answer(
        response,
        403,
        apiError('InvalidStateTransition', `Transition from ${this.state} to next is not allowed`),
      );
    }
    const wasInit = this.state === 'init';
    this.state = 'idle';
    this.waiting = response;
    request.socket.once('close', () => {
      if (this.waiting === response) this.waiting = undefined;
    });
    if (wasInit) this.listener.ready();
    const { queued } = this;
    if (queued !== undefined && this.waiting === response) {
      this.queued = undefined;
      this.deliver(queued, response);
    }
  }

  private deliver(event: RuntimeEvent, response: ServerResponse): void {
    this.waiting = undefined;
    this.state = 'busy';
    this.requestId = event.requestId;
    const headers: Record<string, string | number> = {
      'Content-Type': 'application/json',
      'Content-Length': event.payload.byteLength,
      'Lambda-Runtime-Aws-Request-Id': event.requestId,
      'Lambda-Runtime-Deadline-Ms': event.deadlineMs,
      'Lambda-Runtime-Invoked-Function-Arn': event.invokedFunctionArn,
    };
    if (event.traceId !== undefined) headers['Lambda-Runtime-Trace-Id'] = event.traceId;
    if (event.clientContext !== undefined) headers['Lambda-Runtime-Client-Context'] = event.clientContext;
    if (event.cognitoIdentity !== undefined)
      headers['Lambda-Runtime-Cognito-Identity'] = event.cognitoIdentity;
    if (event.tenantId !== undefined) headers['Lambda-Runtime-Aws-Tenant-Id'] = event.tenantId;
    response.writeHead(200, headers);
    response.end(event.payload);
  }

  private initError(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    if (this.state !== 'init') {
      return answer(
        response,
        403,
        apiError('InvalidStateTransition', `Transition from ${this.state} to InitError is not allowed`),
      );
    }
    this.state = 'failed';
    answer(response, 202, ACCEPTED);
    this.listener.initError(errorTypeOf(request, body), errorBody(body));
  }

  private outcome(
    request: IncomingMessage,
    response: ServerResponse,
    kind: 'response' | 'error',
    body: Buffer,
  ): void {
    this.state = 'answered';
    answer(response, 202, ACCEPTED);
    if (kind === 'response') this.listener.response(this.requestId, body, undefined);
    else this.listener.error(this.requestId, errorTypeOf(request, body), errorBody(body), undefined);
  }

  /** Gathers the body; one that is too large ends the invocation as AWS does. */
  private gather(request: IncomingMessage, response: ServerResponse, done: (body: Buffer) => void): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let refused = false;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_RESPONSE_BYTES) chunks.push(chunk);
      else if (!refused) {
        refused = true;
        chunks.length = 0;
      }
    });
    request.on('end', () => {
      if (!refused) return done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      const message = `Exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
      answer(response, 413, apiError('RequestTooLarge', message));
      this.state = 'answered';
      const payload = JSON.stringify({
        errorMessage: `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
        errorType: 'Function.ResponseSizeTooLarge',
      });
      this.listener.error(this.requestId, 'Function.ResponseSizeTooLarge', Buffer.from(payload), undefined);
    });
    request.on('error', () => {});
  }
}

const ACCEPTED = '{"status":"OK"}\n';

function apiError(errorType: string, errorMessage: string): string {
  return JSON.stringify({ errorMessage, errorType });
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

function notFound(response: ServerResponse): void {
  answer(response, 404, apiError('NotFound', 'The runtime API has no such path.'));
}

/** The header first, as the runtime API has it; else what the body says. */
function errorTypeOf(request: IncomingMessage, body: Buffer): string {
  const header = request.headers['lambda-runtime-function-error-type'];
  if (typeof header === 'string' && header !== '') return header;
  try {
    const { errorType } = JSON.parse(body.toString()) as { errorType?: unknown };
    if (typeof errorType === 'string') return errorType;
  } catch {
    // An error that is not JSON has no type.
  }
  return 'Runtime.Unknown';
}

function errorBody(body: Buffer): Buffer {
  return body.length === 0 ? Buffer.from('{}') : body;
}
