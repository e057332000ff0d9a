/** The server that a command talks to, and what it answers beside AWS's APIs. */
import { PlatformError } from '../../core/errors.ts';
import { DEFAULT_PORT } from '../../platform/options.ts';
import type { Settings } from '../settings/settings.ts';

export interface ClockState {
  /** Service time, ISO 8601. */
  readonly now: string;
  /** Seconds that service time is ahead of real time. */
  readonly offsetSeconds: number;
}

/** `http://host:port`, without a slash at the end. */
export function endpointOf(settings: Settings): string {
  return settings.endpoint ?? `http://127.0.0.1:${settings.port || DEFAULT_PORT}`;
}

export function readClock(endpoint: string): Promise<ClockState> {
  return ask<ClockState>(endpoint, '/_selfsame/clock');
}

/** Resolves with the time after every task due until then has run. */
export function advanceClock(endpoint: string, ms: number): Promise<ClockState> {
  return ask<ClockState>(endpoint, '/_selfsame/clock', { advanceSeconds: ms / 1_000 });
}

/** Undefined when no selfsame answers there. */
export async function readHealth(endpoint: string): Promise<{ readonly version: string } | undefined> {
  return ask<{ version: string }>(endpoint, '/_selfsame/health').catch(() => undefined);
}

async function ask<T>(endpoint: string, path: string, body?: object): Promise<T> {
  const response = await reaching(endpoint, () =>
    fetch(`${endpoint}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
  const text = await response.text();
  if (response.status === 200 && response.headers.get('content-type') === 'application/json')
    return JSON.parse(text) as T;
  throw new PlatformError(
    `${endpoint}${path} answered ${response.status}: ${text.slice(0, 500)}`,
    'Point --endpoint at a server that `selfsame start` started.',
  );
}

/** Does `work`, and says what to do when there is nobody at the endpoint. */
export async function reaching<T>(endpoint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = connectionProblem(error);
    if (code === undefined) throw error;
    throw new PlatformError(
      `No server answers at ${endpoint} (${code}).`,
      'Start one with `selfsame start`, or name another with --endpoint.',
      { cause: error },
    );
  }
}

const CONNECTION_PROBLEMS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

function connectionProblem(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined && CONNECTION_PROBLEMS.has(code)) return code;
    // What fetch refuses by itself, such as ports of other protocols, has no code.
    if (isFetchFailure(cause) && !(cause.cause instanceof Error && 'code' in cause.cause))
      return cause.cause instanceof Error ? cause.cause.message : cause.message;
  }
  return undefined;
}

function isFetchFailure(error: Error): boolean {
  return error instanceof TypeError && error.message === 'fetch failed';
}
