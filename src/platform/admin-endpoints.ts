/** What selfsame itself serves under `/_selfsame/`: health, the clock and metrics. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlatformError } from '../core/errors.ts';
import type { Endpoint } from '../ports/service.ts';
import { isLoopback } from '../wire/routing/host-name.ts';
import { RequestGuard } from '../wire/server/request-origin.ts';
import type { RecordedMetrics } from './recorded-metrics.ts';
import type { ServiceClock } from './service-clock.ts';
import { MAX_SERVICE_TIME_MS } from './service-clock.ts';

/** A request to an administrative endpoint has a few fields; more is a mistake. */
const MAX_BODY_BYTES = 64 * 1024;

/** The longest single advance: ten years, in seconds. */
const MAX_ADVANCE_SECONDS = 10 * 366 * 86_400;

export interface AdminState {
  readonly clock: ServiceClock;
  readonly metrics: RecordedMetrics;
  /** Facts for the health answer, `status` aside. */
  facts(): Record<string, unknown>;
}

const PREFIX = '/_selfsame/';
const PATHS = ['health', 'clock', 'metrics'].map((name) => PREFIX + name).join(', ');

export function adminEndpoints(state: AdminState): Endpoint[] {
  // A prefix of the services' endpoints below it, which are longer and therefore found first.
  return [{ pathPrefix: PREFIX, handle: (request, response) => serve(state, request, response) }];
}

async function serve(
  { clock, metrics, facts }: AdminState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path] = (request.url ?? '').split('?');
  switch (path) {
    case `${PREFIX}health`:
      return answer(response, 200, { status: 'ok', ...facts() });
    case `${PREFIX}clock`:
      return serveClock(clock, request, response);
    case `${PREFIX}metrics`:
      return answer(response, 200, { metrics: metrics.list() });
    default:
      return answer(response, 404, problem(`${path} is not here; ${PATHS} are.`));
  }
}

/** Time decides what expires, so only this machine may move it, and no web page that a browser on it shows. */
const localOnly = new RequestGuard('127.0.0.1');

async function serveClock(
  clock: ServiceClock,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refusal = isLoopback(request.socket.remoteAddress ?? '')
    ? localOnly.refusal(request.headers)
    : 'The clock is served to this machine only, under its loopback address.';
  if (refusal !== undefined) return answer(response, 403, problem(refusal));
  if (request.method === 'GET') return answer(response, 200, clockState(clock));
  if (request.method !== 'POST')
    return answer(response, 405, problem(`${request.method} is not GET or POST.`));
  const ms = await advanceMs(request, clock);
  if (typeof ms === 'string') return answer(response, 400, problem(ms));
  try {
    await clock.advance(ms);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return answer(response, 503, problem(`The clock was not moved: ${error.message}. ${error.remedy}`));
  }
  return answer(response, 200, clockState(clock));
}

function clockState(clock: ServiceClock): Record<string, unknown> {
  return { now: new Date(clock.now()).toISOString(), offsetSeconds: clock.offsetMs / 1_000 };
}

/** The milliseconds to advance, or a sentence that says what is wrong with the request. */
async function advanceMs(request: IncomingMessage, clock: ServiceClock): Promise<number | string> {
  const expected = 'Send {"advanceSeconds": N} with N a number of seconds, 0 or more.';
  const chunks: Buffer[] = [];
  let size = 0;
  // Left intact when it is too long, so that the answer can still be sent on its connection.
  const pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of pieces) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return `The body has more than ${MAX_BODY_BYTES} bytes. ${expected}`;
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    return `The body is not JSON: ${(error as Error).message}. ${expected}`;
  }
  const seconds = (body as { advanceSeconds?: unknown } | null)?.advanceSeconds;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) {
    return `advanceSeconds is ${typeof seconds === 'number' ? seconds : JSON.stringify(seconds)}. ${expected}`;
  }
  if (seconds > MAX_ADVANCE_SECONDS) {
    return `advanceSeconds is ${seconds}; at most ${MAX_ADVANCE_SECONDS} at a time.`;
  }
  const ms = Math.round(seconds * 1_000);
  if (clock.now() + ms > MAX_SERVICE_TIME_MS) {
    const now = new Date(clock.now()).toISOString();
    return `advanceSeconds is ${seconds}, which would move the clock from ${now} beyond the year 9999.`;
  }
  return ms;
}

function problem(message: string): Record<string, unknown> {
  return { error: message };
}

function answer(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
