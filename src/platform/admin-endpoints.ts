/** What selfsame itself serves under `/_selfsame/`: health and the clock. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Endpoint } from '../ports/service.ts';
import type { ServiceClock } from './service-clock.ts';

/** A request to an administrative endpoint has a few fields; more is a mistake. */
const MAX_BODY_BYTES = 64 * 1024;

/** The longest single advance: ten years, in seconds. */
const MAX_ADVANCE_SECONDS = 10 * 366 * 86_400;

export interface AdminState {
  readonly clock: ServiceClock;
  /** Facts for the health answer, `status` aside. */
  facts(): Record<string, unknown>;
}

export function adminEndpoints({ clock, facts }: AdminState): Endpoint[] {
  return [
    {
      pathPrefix: '/_selfsame/health',
      handle: (_request, response) => answer(response, 200, { status: 'ok', ...facts() }),
    },
    {
      pathPrefix: '/_selfsame/clock',
      handle: async (request, response) => {
        if (request.method === 'GET') return answer(response, 200, clockState(clock));
        if (request.method !== 'POST')
          return answer(response, 405, problem(`${request.method} is not GET or POST.`));
        const seconds = await advanceSeconds(request);
        if (typeof seconds === 'string') return answer(response, 400, problem(seconds));
        await clock.advance(seconds * 1_000);
        return answer(response, 200, clockState(clock));
      },
    },
  ];
}

function clockState(clock: ServiceClock): Record<string, unknown> {
  return { now: new Date(clock.now()).toISOString(), offsetSeconds: clock.offsetMs / 1_000 };
}

/** The seconds to advance, or a sentence that says what is wrong with the request. */
async function advanceSeconds(request: IncomingMessage): Promise<number | string> {
  const expected = 'Send {"advanceSeconds": N} with N a number of seconds, 0 or more.';
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
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
    return `advanceSeconds is ${JSON.stringify(seconds)}. ${expected}`;
  }
  if (seconds > MAX_ADVANCE_SECONDS)
    return `advanceSeconds is ${seconds}; at most ${MAX_ADVANCE_SECONDS} at a time.`;
  return seconds;
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
