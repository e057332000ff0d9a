/** The HTTP front: one `node:http` server per bound address, all with the same flow. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { invariant } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { createServer } from '../../core/node-http.ts';
import type { Identify } from '../../ports/identity.ts';
import type { Log } from '../../ports/log.ts';
import type { Endpoint, Service } from '../../ports/service.ts';
import type { OpenServiceModel } from '../contract.ts';
import { readModelIndex } from '../model/model-file.ts';
import type { ServiceRoute } from '../routing/router.ts';
import { Router } from '../routing/router.ts';
import type { BoundAddress } from './address.ts';
import { addressesOf, bind, isAddressMissing, requireSafeBinding } from './address.ts';
import type { Authorization } from './authorizer.ts';
import { Authorizer } from './authorizer.ts';
import { Http2Connections } from './http2-connections.ts';
import type { Timeouts } from './limits.ts';
import {
  DEFAULT_CLOSE_DEADLINE_MS,
  DEFAULT_TIMEOUTS,
  KEEP_ALIVE_TIMEOUT_MS,
  MAX_HEADER_BYTES,
} from './limits.ts';
import { malformedAnswer } from './malformed-request.ts';
import { RequestFlow } from './request-flow.ts';
import { RequestGuard } from './request-origin.ts';
import { ServiceTable } from './service-table.ts';

export interface WireServerOptions {
  readonly services: readonly Service[];
  /** What is served beside the services' own endpoints, for example `/_selfsame/health`. */
  readonly endpoints?: readonly Endpoint[];
  readonly openServiceModel: OpenServiceModel;
  /** By model name; `src/generated/index.json` unless a test has its own. */
  readonly routes?: Readonly<Record<string, ServiceRoute>>;
  /** Tells who signed, with authorization and without. Without it accounts are known by access keys that are their number. */
  readonly identify?: Identify;
  /**
   * Verify the signature of every API request (endpoints guard themselves) and ask whether its signer may
   * make it. Without it nothing is checked, and the server binds to loopback only.
   */
  readonly authorization?: Authorization | undefined;
  /** Host names, in lower case, that a server on loopback answers to beside those of this machine and of AWS. */
  readonly ownNames?: readonly string[];
  readonly ids: Ids;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeouts?: Timeouts;
}

export interface WireServer {
  /**
   * Binds to `host` (loopback: to both of its addresses) and resolves with what was bound. Rejects
   * with `PlatformError`: port taken, no such address, or not safe.
   */
  listen(address: { readonly host: string; readonly port: number }): Promise<BoundAddress>;
  /**
   * Takes no new connections, lets requests in flight finish and ends idle connections; after
   * `deadlineMs` ends the rest. Idempotent.
   */
  close(deadlineMs?: number): Promise<void>;
}

export function createWireServer(options: WireServerOptions): WireServer {
  return new HttpFront(options);
}

class HttpFront implements WireServer {
  private readonly options: WireServerOptions;
  private readonly flow: RequestFlow;
  private guard: RequestGuard | undefined;
  private readonly servers: Server[] = [];
  private readonly http2: Http2Connections;
  private readonly inFlight = new WeakMap<Duplex, ServerResponse>();
  private bound: BoundAddress | undefined;
  private closing: Promise<void> | undefined;

  constructor(options: WireServerOptions) {
    this.options = options;
    this.http2 = new Http2Connections({
      serve: (connection) => void this.servers[0]?.emit('connection', connection),
      log: options.log,
    });
    const routes = options.routes ?? readModelIndex();
    this.flow = new RequestFlow({
      endpoints: [
        ...(options.endpoints ?? []),
        ...options.services.flatMap((service) => service.endpoints ?? []),
      ],
      services: new ServiceTable(options.services, options.openServiceModel),
      router: new Router(routes, options.identify),
      authorizer: options.authorization && new Authorizer(options.authorization, routes),
      ids: options.ids,
      clock: options.clock,
      log: options.log,
      timeouts: options.timeouts ?? DEFAULT_TIMEOUTS,
      closing: () => this.closing !== undefined,
      refusal: (request, isForAnyOrigin) => this.guard?.refusal(request.headers, isForAnyOrigin),
      defaultOrigin: () => `http://${this.bound?.host}:${this.bound?.port}`,
    });
  }

  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<BoundAddress> {
    invariant(this.bound === undefined && this.closing === undefined, 'a server listens once');
    requireSafeBinding(host, this.options.authorization !== undefined);
    const [first, second] = addressesOf(host);
    this.guard = new RequestGuard(first!, this.options.ownNames);
    const bound = { host: first!, port: await this.bindOne(first!, port) };
    this.bound = bound;
    if (second === undefined) return bound;
    try {
      await this.bindOne(second, bound.port);
    } catch (error) {
      if (!isAddressMissing(error)) {
        await this.close(0);
        throw error;
      }
    }
    return bound;
  }

  close(deadlineMs: number = DEFAULT_CLOSE_DEADLINE_MS): Promise<void> {
    this.closing ??= this.closeServers(deadlineMs);
    return this.closing;
  }

  private async bindOne(host: string, port: number): Promise<number> {
    const server = this.createServer();
    const taken = await bind(server, host, port);
    this.servers.push(server);
    server.on('error', (error) => this.options.log.error({ err: error }, 'the HTTP server failed'));
    return taken;
  }

  private createServer(): Server {
    const { headersMs } = this.options.timeouts ?? DEFAULT_TIMEOUTS;
    const server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersMs,
      // Node.js looks for late headers at this interval only.
      connectionsCheckingInterval: Math.min(headersMs, 5_000),
      // Uploads may take long; what may not be long are the pauses in them.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      noDelay: true,
    });
    const serve = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void => {
      this.inFlight.set(request.socket, response);
      void this.flow.handle(request, response, expectsContinue).then(() => {
        if (this.closing !== undefined) endWhenIdle(server, response);
      });
    };
    server.on('request', (request, response) => serve(request, response, false));
    server.on('checkContinue', (request, response) => serve(request, response, true));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.onMalformed(error, socket));
    return server;
  }

  private onMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.http2.take(error, socket)) return;
    const response = this.inFlight.get(socket);
    const answering = response?.headersSent === true && !response.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable || answering) {
      socket.destroy();
      return;
    }
    this.options.log.debug({ code: error.code }, 'malformed HTTP request');
    socket.end(malformedAnswer(error, this.options.ids.uuid()), () => socket.destroy());
  }

  private async closeServers(deadlineMs: number): Promise<void> {
    const closed = this.servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeIdleConnections();
        }),
    );
    this.http2.close();
    const timer = setTimeout(() => {
      this.http2.destroy();
      for (const server of this.servers) server.closeAllConnections();
    }, deadlineMs);
    await Promise.all(closed);
    clearTimeout(timer);
  }
}

/** A connection whose answer had begun before the server was closing still counts as kept alive. */
function endWhenIdle(server: Server, response: ServerResponse): void {
  const end = (): void => void setImmediate(() => server.closeIdleConnections());
  if (response.writableFinished) end();
  else response.once('finish', end);
}
