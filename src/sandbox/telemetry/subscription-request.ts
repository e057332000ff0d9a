/** What a subscription asks for, checked as AWS documents it for the Telemetry API and the older Logs API. */
import type { TelemetrySubscription } from '../../ports/environment.ts';

export const TELEMETRY_TYPES = ['platform', 'function', 'extension'] as const;
export type TelemetryType = (typeof TELEMETRY_TYPES)[number];

export interface Buffering {
  /** Events, bytes and milliseconds after which what has gathered is sent. */
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

export interface Destination {
  readonly protocol: 'HTTP' | 'TCP';
  readonly port: number;
  /** Of HTTP. */
  readonly path: string;
  readonly method: 'POST' | 'PUT';
}

export interface SubscriptionRequest {
  readonly schemaVersion: string;
  readonly types: readonly TelemetryType[];
  readonly buffering: Buffering;
  readonly destination: Destination;
}

/**
 * Schemas of events, and the one for those who name none. Source: "Lambda Telemetry API reference" and "Lambda Logs
 * API". All of the Telemetry API's are the same for functions that run one invocation at a time.
 */
const SCHEMAS: Readonly<Record<TelemetrySubscription['api'], readonly [usual: string, ...string[]]>> = {
  telemetry: ['2022-12-13', '2022-07-01', '2025-01-29'],
  logs: ['2020-08-15', '2021-03-18'],
};

/** Least, greatest and usual values. Source: "Lambda Telemetry API reference", Subscribe. */
const BUFFERING = {
  maxItems: [1_000, 10_000, 10_000],
  maxBytes: [262_144, 1_048_576, 262_144],
  timeoutMs: [25, 30_000, 1_000],
} as const;

/** Taken by the runtime API itself. Source: as above. */
const RUNTIME_API_PORT = 9_001;

const MAX_PORT = 65_535;

/** The name under which a sandbox knows itself. */
const SANDBOX_HOSTS: ReadonlySet<string> = new Set(['sandbox.localdomain', 'sandbox']);

/** The request, or all that is wrong with it in one sentence. */
export function parseSubscription(
  text: string,
  api: TelemetrySubscription['api'],
): SubscriptionRequest | string {
  let body: Record<string, unknown>;
  try {
    body = asObject(JSON.parse(text));
  } catch (error) {
    return (error as Error).message;
  }
  const problems: string[] = [];
  const schemas = SCHEMAS[api];
  const schemaVersion = schemas.find((schema) => schema === (body['schemaVersion'] ?? schemas[0]));
  if (schemaVersion === undefined) problems.push(`schemaVersion should be one of ${schemas.join(', ')}`);
  const types = Array.isArray(body['types']) ? body['types'] : [];
  if (types.length === 0) problems.push('types should not be empty');
  for (const type of types)
    if (!TELEMETRY_TYPES.includes(type)) problems.push(`unknown type ${JSON.stringify(type)}`);
  const buffering = parseBuffering(asObject(body['buffering']), problems);
  const destination = parseDestination(asObject(body['destination']), problems);
  if (problems.length > 0) return problems.join('; ');
  return {
    schemaVersion: schemaVersion!,
    types: [...new Set(types as TelemetryType[])],
    buffering,
    destination,
  };
}

function parseBuffering(given: Record<string, unknown>, problems: string[]): Buffering {
  const value = (name: keyof typeof BUFFERING): number => {
    const [least, greatest, usual] = BUFFERING[name];
    const number = given[name] ?? usual;
    if (typeof number === 'number' && number >= least && number <= greatest) return number;
    problems.push(`${name} should be between ${least} and ${greatest}`);
    return usual;
  };
  return { maxItems: value('maxItems'), maxBytes: value('maxBytes'), timeoutMs: value('timeoutMs') };
}

function parseDestination(given: Record<string, unknown>, problems: string[]): Destination {
  const protocol = given['protocol'];
  if (protocol === 'TCP') {
    const port = given['port'];
    if (port === undefined) problems.push('port is not provided');
    else checkPort(port, problems);
    return { protocol, port: Number(port), path: '', method: 'POST' };
  }
  if (protocol !== 'HTTP') problems.push('protocol should be HTTP or TCP');
  const uri =
    typeof given['URI'] === 'string' && URL.canParse(given['URI']) ? new URL(given['URI']) : undefined;
  if (uri === undefined) problems.push('URI is not valid');
  else if (uri.protocol !== 'http:' || !SANDBOX_HOSTS.has(uri.hostname))
    problems.push('URI host should be sandbox.localdomain');
  else if (uri.port === '') problems.push('URI port is not provided');
  else checkPort(Number(uri.port), problems);
  const method = given['method'] ?? 'POST';
  if (method !== 'POST' && method !== 'PUT') problems.push('method should be POST or PUT');
  return {
    protocol: 'HTTP',
    port: Number(uri?.port),
    path: `${uri?.pathname ?? ''}${uri?.search ?? ''}`,
    method: method === 'PUT' ? 'PUT' : 'POST',
  };
}

function checkPort(port: unknown, problems: string[]): void {
  if (port === RUNTIME_API_PORT) problems.push(`port ${RUNTIME_API_PORT} is reserved`);
  else if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > MAX_PORT)
    problems.push(`port should be between 1 and ${MAX_PORT}`);
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
