/** A service with a tiny model, so that the HTTP front is tested without generated models. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../src/core/clock.ts';
import { AwsError } from '../../../src/core/errors.ts';
import type { Ids } from '../../../src/core/ids.ts';
import type { Log } from '../../../src/ports/log.ts';
import type { RequestContext, Service } from '../../../src/ports/service.ts';
import type { ServiceModel, WireRequest, WireResponse } from '../../../src/wire/contract.ts';
import type { ServiceRoute } from '../../../src/wire/routing/router.ts';
import type { WireServer, WireServerOptions } from '../../../src/wire/server/wire-server.ts';
import { createWireServer } from '../../../src/wire/server/wire-server.ts';

export const ROUTES: Readonly<Record<string, ServiceRoute>> = {
  echo: { apiVersion: '2020-01-01', endpointPrefix: 'echo', signingName: 'echo', protocols: ['rest-json'] },
  form: { apiVersion: '2021-01-01', endpointPrefix: 'form', signingName: 'form', protocols: ['query'] },
};

/** `Authorization` for a request to the fake service, when nobody verifies it. */
export const UNVERIFIED =
  'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/echo/aws4_request, Signature=x';

const testIds: Ids = { uuid: () => randomUUID(), hex: () => '00', random: () => 0.5 };
const testClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  at: () => ({ cancel: () => undefined }),
};

export interface Logged {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export function recordingLog(): { log: Log; lines: Logged[] } {
  const lines: Logged[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

/** The operation is the path's first segment; those in `streaming` get their body as a stream. */
export function fakeModel(name: string, streaming: readonly string[]): ServiceModel {
  return {
    name,
    operationNames: [],
    acceptsGzip: name === 'form',
    match: (head, body) => {
      if (name === 'form') {
        if (body === undefined) return undefined;
        const operation = new URLSearchParams(body.toString()).get('Action') ?? '';
        return { operation, protocol: 'awsQuery', streamsInput: false };
      }
      const operation = head.path.split('/')[1] ?? '';
      if (operation === 'Nowhere')
        throw new AwsError('UnknownOperationException', 'no such operation', {}, 404);
      return { operation, protocol: 'restJson1', streamsInput: streaming.includes(operation) };
    },
    decodePlain: (_operation, input) => input,
    decode: (_match, request: WireRequest) => request,
    encodeOutput: (_match, output, requestId): WireResponse => ({
      status: 200,
      headers: { 'x-amzn-requestid': requestId },
      body: output as WireResponse['body'],
    }),
    encodeError: (_match, _head, error, requestId): WireResponse => ({
      status: (error as AwsError).status ?? 400,
      headers: { 'x-amzn-requestid': requestId, 'x-amzn-errortype': (error as AwsError).code },
      body: JSON.stringify({ message: error.message }),
    }),
  };
}

export type Handler = (request: WireRequest, context: RequestContext) => Promise<WireResponse['body']>;

export interface FakeOptions {
  /** Operations that get their body as a stream. */
  readonly streaming?: readonly string[];
  readonly bodyLimits?: Service['bodyLimits'];
  readonly server?: Partial<WireServerOptions>;
}

export interface FakeServer {
  readonly server: WireServer;
  readonly port: number;
  readonly lines: Logged[];
}

/** A server that does not listen yet. */
export function fakeServer(
  operations: Record<string, Handler>,
  options: FakeOptions = {},
): Omit<FakeServer, 'port'> {
  const { log, lines } = recordingLog();
  const service = (name: string): Service => ({
    name,
    operations: operations as Service['operations'],
    ...(options.bodyLimits === undefined ? {} : { bodyLimits: options.bodyLimits }),
  });
  const server = createWireServer({
    services: [service('echo'), service('form')],
    openServiceModel: (name) =>
      Object.hasOwn(ROUTES, name) ? fakeModel(name, options.streaming ?? []) : undefined,
    routes: ROUTES,
    ids: testIds,
    clock: testClock,
    log,
    ...options.server,
  });
  return { server, lines };
}

export async function startFake(
  operations: Record<string, Handler>,
  options: FakeOptions = {},
): Promise<FakeServer> {
  const { server, lines } = fakeServer(operations, options);
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { server, port, lines };
}
