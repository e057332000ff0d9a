/**
 * The Lambda runtime API for runtimes that take several events at once: "Managed Instances can accept concurrent /next
 * and /response requests up to the configured AWS_LAMBDA_MAX_CONCURRENCY limit" (AWS, "Using the Lambda runtime API").
 * Every event has a state of its own; the runtime has none but whether its init has failed.
 */
import type { ServerResponse } from 'node:http';
import type { EnvironmentListener, RuntimeEvent } from '../../ports/environment.ts';
import type { RuntimeTransport } from '../environment/runtime-transport.ts';
import { refuse, transitionRefused } from './api-answers.ts';
import type { ApiPlace } from './api-server.ts';
import { listenOnLoopback, MAX_API_CONNECTIONS } from './api-server.ts';
import { eventHeaders } from './event-headers.ts';
import type { OpenStream, OtherRoutes } from './runtime-routes.ts';
import { RuntimeRoutes } from './runtime-routes.ts';

/** An event that the runtime has and owes an outcome for. */
interface TakenEvent {
  /** A streamed response has begun; another cannot take its place. */
  isStreaming: boolean;
}

export class ConcurrentRuntimeApi extends RuntimeRoutes implements RuntimeTransport {
  private readonly maxConcurrency: number;
  /** The runtime's open requests for events, the oldest first. */
  private readonly waiting = new Set<ServerResponse>();
  /** Events that came before the runtime asked for them. */
  private readonly kept: RuntimeEvent[] = [];
  /** By request id. */
  private readonly taken = new Map<string, TakenEvent>();
  /** Nobody asks: an environment that takes several events is not said to have missed the last one. */
  readonly undelivered = false;

  private constructor(listener: EnvironmentListener, others: OtherRoutes, maxConcurrency: number) {
    super(listener, others);
    this.maxConcurrency = maxConcurrency;
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

  invoke(event: RuntimeEvent): void {
    const [response] = this.waiting;
    if (response === undefined) this.kept.push(event);
    else this.deliver(event, response);
  }

  protected next(response: ServerResponse): void {
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

  protected beginStream(id: string): OpenStream {
    const taken = this.taken.get(id)!;
    taken.isStreaming = true;
    return {
      isOpen: () => this.taken.get(id) === taken,
      end: () => {
        taken.isStreaming = false;
      },
    };
  }

  protected mayEnd(response: ServerResponse, id: string, isError: boolean): boolean {
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

  protected finish(id: string, errorType: string | undefined, payload: Buffer): void {
    this.taken.delete(id);
    if (errorType === undefined) this.listener.response(id, payload, undefined);
    else this.listener.error(id, errorType, payload, undefined);
  }
}
