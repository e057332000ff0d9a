/** What selfsame itself serves under `/_selfsame/`: health, the clock, faults and metrics. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlatformError } from '../core/errors.ts';
import type { Faults } from '../lambda/invoke/faults.ts';
import type { Endpoint } from '../ports/service.ts';
import { answer, jsonBody, localRefusal, problem } from './admin-request.ts';
import { serveFaults } from './fault-endpoint.ts';
import type { RecordedMetrics } from './recorded-metrics.ts';
import type { ServiceClock } from './service-clock.ts';
import { MAX_SERVICE_TIME_MS } from './service-clock.ts';

/** The longest single advance: ten years, in seconds. */
const MAX_ADVANCE_SECONDS = 10 * 366 * 86_400;

export interface AdminState {
  readonly clock: ServiceClock;
  readonly faults: Faults;
  readonly metrics: RecordedMetrics;
  /** Facts for the health answer, `status` aside. */
  facts(): Record<string, unknown>;
}

const PREFIX = '/_selfsame/';
const PATHS = ['health', 'clock', 'faults', 'metrics'].map((name) => PREFIX + name).join(', ');
const FAULT_PATH = /^\/_selfsame\/faults\/?([^/]*)$/;

export function adminEndpoints(state: AdminState): Endpoint[] {
  // A prefix of the services' endpoints below it, which are longer and therefore found first.
  return [{ pathPrefix: PREFIX, handle: (request, response) => serve(state, request, response) }];
}

async function serve(
  { clock, faults, metrics, facts }: AdminState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?');
  const faultRule = FAULT_PATH.exec(path)?.[1];
  if (faultRule !== undefined) return serveFaults(faults, faultRule, request, response);
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

async function serveClock(
  clock: ServiceClock,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refusal = localRefusal(request, 'The clock is');
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
  const body = await jsonBody(request);
  if ('wrong' in body) return `${body.wrong} ${expected}`;
  const seconds = (body.value as { advanceSeconds?: unknown } | null)?.advanceSeconds;
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
