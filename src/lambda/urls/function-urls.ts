/**
 * Function URLs as they are called: `http://<url-id>.lambda-url.<region>.localhost:<port>/…`, or by a domain of the
 * operator's own. A request becomes an event of payload format 2.0, and what the function returns or writes the response.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Log } from '../../ports/log.ts';
import type { Endpoint } from '../../ports/service.ts';
import type { Invoker } from '../invoke/invoke.ts';
import { MAX_REQUEST_PAYLOAD_BYTES, MAX_RESPONSE_PAYLOAD_BYTES } from '../invoke/invoke-limits.ts';
import type { InvocationResult } from '../invoke/outcome.ts';
import { ResponseStream } from '../invoke/response-stream.ts';
import { traceHeader } from '../invoke/trace-header.ts';
import type { FunctionUrlRecord } from '../records/function-url-table.ts';
import type { UrlAccess } from './url-access.ts';
import type { StreamHead, UrlAnswer } from './url-answer.ts';
import { answerOf, streamHead } from './url-answer.ts';
import { corsHeaders, isPreflight, preflightHeaders } from './url-cors.ts';
import type { UrlRequest } from './url-event.ts';
import { urlEvent } from './url-event.ts';
import type { UrlHosts } from './url-hosts.ts';

export interface FunctionUrlsDependencies {
  readonly hosts: UrlHosts;
  readonly access: UrlAccess;
  readonly invoker: Pick<Invoker, 'run'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
}

/** Request and response of one call, with what every answer to it carries. */
interface Exchange {
  readonly record: FunctionUrlRecord;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
}

export class FunctionUrls {
  private readonly deps: FunctionUrlsDependencies;
  readonly endpoint: Endpoint;

  constructor(deps: FunctionUrlsDependencies) {
    this.deps = deps;
    this.endpoint = {
      // Every target, with the scheme and host before its path that a proxy sends, too.
      pathPrefix: '',
      ownsHosts: true,
      serves: ({ headers }) => deps.hosts.serves(headers.host),
      handle: (request, response) => this.serve(request, response),
    };
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const record = this.deps.hosts.find(request.headers.host);
    // AWS was seen to answer so for a URL that is not there.
    if (record === undefined)
      return sendError(response, {}, new AwsError('AccessDeniedException', '', {}, 403), null);
    const requestId = this.deps.ids.uuid();
    const traceId = traceHeader({ headers: request.headers, requestId });
    const headers = {
      'x-amzn-requestid': requestId,
      'x-amzn-trace-id': traceId,
      ...corsHeaders(record.cors, request),
    };
    const exchange = { record, request, response, headers };
    try {
      await this.answer(exchange, requestId, traceId);
    } catch (error) {
      this.failed(exchange, error);
    }
  }

  private async answer(exchange: Exchange, requestId: string, traceId: string): Promise<void> {
    const { record, request, response } = exchange;
    if (record.cors !== undefined && isPreflight(request)) {
      response.writeHead(200, { ...exchange.headers, ...preflightHeaders(record.cors, request) }).end();
      return;
    }
    const body = await bodyOf(request);
    const identity = await this.deps.access.admit(record, request, body);
    const accessKeyId = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];
    const incoming: UrlRequest = {
      request,
      body,
      requestId,
      traceId,
      nowMs: this.deps.clock.now(),
      identity,
      accessKeyId,
    };
    const stream = new ResponseStream();
    response.once('close', () => stream.abandon());
    const { accountId, region, functionName, alias } = record;
    const outcome = this.deps.invoker
      .run(
        { accountId, region, functionName, ...(alias === undefined ? {} : { qualifier: alias }) },
        { requestId, payload: urlEvent(record, incoming), traceId, stream },
      )
      .then((run) => run.outcome)
      .finally(() => stream.end());
    // Whoever reads the stream first must not leave this one to reject unheard.
    outcome.catch(() => {});
    if (record.invokeMode === 'RESPONSE_STREAM') await streamed(exchange, stream, outcome);
    else await buffered(exchange, stream, outcome);
  }

  private failed({ request, response, headers }: Exchange, error: unknown): void {
    // Gone before the request was whole: nobody is there to be answered.
    if (response.headersSent || (request.destroyed && !request.complete)) {
      response.destroy();
      return;
    }
    if (error instanceof AwsError) return sendError(response, headers, error, error.message);
    this.deps.log.error({ err: error }, 'a function URL failed because of a bug in this server');
    sendFailure(response, headers);
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_PAYLOAD_BYTES)
      throw new AwsError('RequestEntityTooLargeException', 'Request Entity Too Large', {}, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function buffered(
  { response, headers }: Exchange,
  stream: ResponseStream,
  outcome: Promise<InvocationResult>,
): Promise<void> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream.pieces()) {
    bytes += piece.length;
    if (bytes <= MAX_RESPONSE_PAYLOAD_BYTES) pieces.push(piece);
  }
  const { functionError, payload } = await outcome;
  if (functionError !== undefined || bytes > MAX_RESPONSE_PAYLOAD_BYTES)
    return sendFailure(response, headers);
  const answer = stream.hasBegun
    ? writtenAnswer(Buffer.concat(pieces), stream.contentType)
    : answerOf(payload);
  if (answer === undefined) return sendFailure(response, headers);
  send(response, { ...answer, headers: { ...answer.headers, ...headers } });
}

/** What a streaming function has written, for a caller who gets it as a whole. */
function writtenAnswer(written: Buffer, contentType: string): UrlAnswer | undefined {
  const head = headIn(written, contentType);
  if (head === undefined || head === 'none') return undefined;
  return { status: head.status, headers: head.headers, body: head.rest };
}

/** As `streamHead`, but for a prelude that is none: that is the function's fault, and no error of this server. */
function headIn(written: Buffer, contentType: string): StreamHead | 'none' | undefined {
  try {
    return streamHead(written, contentType);
  } catch {
    return 'none';
  }
}

async function streamed(
  { response, headers }: Exchange,
  stream: ResponseStream,
  outcome: Promise<InvocationResult>,
): Promise<void> {
  let held = Buffer.alloc(0);
  for await (const piece of stream.pieces()) {
    if (response.headersSent) {
      await write(response, piece);
      continue;
    }
    held = Buffer.concat([held, piece]);
    const head = headIn(held, stream.contentType);
    if (head === 'none') return sendFailure(response, headers);
    if (head === undefined) continue;
    response.writeHead(head.status, { ...head.headers, ...headers });
    response.flushHeaders();
    if (head.rest.length > 0) await write(response, head.rest);
  }
  const { functionError, payload } = await outcome;
  if (functionError !== undefined) {
    if (!response.headersSent) return sendFailure(response, headers);
    // The status is out: only a response that breaks off tells that it is not whole.
    response.destroy();
    return;
  }
  if (response.headersSent) {
    response.end();
    return;
  }
  // Of a function that does not stream the response is what it returned, as it is.
  send(response, { status: 200, headers: { 'content-type': 'application/json', ...headers }, body: payload });
}

/** Resolves when the caller is ready for more, or has gone. */
function write(response: ServerResponse, piece: Buffer): Promise<void> | undefined {
  if (response.write(piece) || response.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

function send(response: ServerResponse, { status, headers, body }: UrlAnswer): void {
  const isBodyless = status === 204 || status === 304;
  response.writeHead(status, isBodyless ? headers : { ...headers, 'content-length': String(body.length) });
  response.end(isBodyless ? undefined : body);
}

/** As AWS answers for a function that has failed, or has returned what is no response. */
function sendFailure(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  const body = Buffer.from('Internal Server Error');
  send(response, { status: 502, headers: { ...headers, 'content-type': 'application/json' }, body });
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  TooManyRequestsException: 429,
  ResourceNotFoundException: 404,
  ResourceConflictException: 409,
};

function sendError(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  error: AwsError,
  message: string | null,
): void {
  const status = error.status ?? STATUS_BY_CODE[error.code] ?? 502;
  const { retryAfterSeconds, ...members } = error.members;
  const body = Buffer.from(JSON.stringify({ ...members, Message: message }));
  send(response, {
    status,
    headers: {
      ...headers,
      'content-type': 'application/json',
      'x-amzn-errortype': error.code,
      ...(typeof retryAfterSeconds === 'string' ? { 'retry-after': retryAfterSeconds } : {}),
    },
    body,
  });
}
