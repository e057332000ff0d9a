/** The HTTP server of one environment: the address in its `AWS_LAMBDA_RUNTIME_API`. */
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { createServer } from '../../core/node-http.ts';

/** Where an environment's server listens on the host. */
export interface ApiPlace {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Listens there already, where this process could not: its socket is taken over. Such an environment is reached from inside alone. */
  readonly listening?: NetServer;
}

const ANY_PORT: ApiPlace = { host: '127.0.0.1', port: 0 };

/** A server on loopback, on a free port unless a place is given; it does not keep this process alive. */
export async function listenOnLoopback(server: Server, place: ApiPlace = ANY_PORT): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (place.listening === undefined) server.listen(place.port, place.host, resolve);
    else server.listen(place.listening, resolve);
  });
  return server.unref();
}

/**
 * Connections of one environment at once: a runtime and ten extensions have one to three each. Every one takes a
 * descriptor of this process, and a function may open a thousand.
 */
export const MAX_API_CONNECTIONS = 256;

export function apiServer(listener: RequestListener): Server {
  const server = createServer({ keepAlive: true, noDelay: true }, listener);
  // A runtime or extension may hold its request open for as long as there is no event.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 0;
  server.timeout = 0;
  server.maxConnections = MAX_API_CONNECTIONS;
  return server;
}

/** `host:port`. */
export function serverAddress(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return `${address}:${port}`;
}
