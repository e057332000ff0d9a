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

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { EnvironmentListener, RuntimeEvent } from '../../ports/environment.ts';
import type { RuntimeTransport } from '../environment/runtime-transport.ts';
import { refuse, transitionRefused } from './api-answers.ts';
import type { ApiPlace } from './api-server.ts';
import { listenOnLoopback } from './api-server.ts';
import { eventHeaders } from './event-headers.ts';
import type { OpenStream, OtherRoutes } from './runtime-routes.ts';
import { RuntimeRoutes } from './runtime-routes.ts';

export class RuntimeApi extends RuntimeRoutes implements RuntimeTransport {
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
    super(listener, others);
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

  protected next(response: ServerResponse): void {
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

  protected beginStream(id: string): OpenStream {
    this.isStreaming = true;
    return {
      isOpen: () => id === this.requestId && this.state === 'Running',
      end: () => {
        this.isStreaming = false;
      },
    };
  }

  protected mayEnd(response: ServerResponse, id: string, isError: boolean): boolean {
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

  protected finish(id: string, errorType: string | undefined, payload: Buffer): void {
    this.state = 'RuntimeResponseSentState';
    this.event = undefined;
    if (errorType === undefined) this.listener.response(id, payload, undefined);
    else this.listener.error(id, errorType, payload, undefined);
  }
}
