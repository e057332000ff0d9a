/** One subscriber: gathers its events and sends them, by HTTP or TCP, into the sandbox. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { TelemetryEvent } from '../../ports/environment.ts';
import type { Destination, SubscriptionRequest, TelemetryType } from './subscription-request.ts';

/** What a subscriber has not taken yet may be so many times its `maxBytes`; more is dropped and counted. */
const MAX_BACKLOG = 10;

/** A batch is tried so often, with so many milliseconds between; AWS says only that it retries. */
const ATTEMPTS = 3;
const RETRY_MS = 100;

/** Events that a subscriber will not be told, and their length as JSON. */
export interface Dropped {
  readonly records: number;
  readonly bytes: number;
}

export const NOTHING_DROPPED: Dropped = { records: 0, bytes: 0 };

export function droppedBoth(one: Dropped, other: Dropped): Dropped {
  return { records: one.records + other.records, bytes: one.bytes + other.bytes };
}

export class Subscription {
  private readonly request: SubscriptionRequest;
  /** The sandbox's address. */
  private readonly host: string;
  private readonly shaped: (event: TelemetryEvent) => TelemetryEvent[];
  private gathered: string[] = [];
  private gatheredBytes = 0;
  private sentBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();
  private dropped: Dropped;
  /** When the latest event happened. */
  private latest = '';
  /** Ends what is under way. A subscriber may be frozen meanwhile, so nothing else ends an attempt. */
  private readonly closing = new AbortController();

  /** `missed`: what was dropped before there was this subscription. */
  constructor(
    request: SubscriptionRequest,
    host: string,
    shaped: (event: TelemetryEvent) => TelemetryEvent[],
    missed: Dropped = NOTHING_DROPPED,
  ) {
    this.request = request;
    this.host = host;
    this.shaped = shaped;
    this.dropped = missed;
  }

  push(event: TelemetryEvent): void {
    const type = event.type.startsWith('platform.') ? 'platform' : (event.type as TelemetryType);
    if (this.closing.signal.aborted || !this.request.types.includes(type)) return;
    this.latest = event.time;
    for (const shaped of this.shaped(event)) this.gather(JSON.stringify(shaped));
  }

  /** Sends what has gathered; resolves when nothing is under way. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.gathered;
    const bytes = this.gatheredBytes;
    if (batch.length === 0 && this.dropped.records === 0) return this.sending;
    this.gathered = [];
    this.gatheredBytes = 0;
    this.sentBytes += bytes;
    this.sending = this.sending.then(() => this.deliver(batch, bytes));
    return this.sending;
  }

  /** Nothing is sent any more. */
  close(): void {
    this.closing.abort();
    clearTimeout(this.timer);
  }

  private gather(text: string): void {
    const { maxBytes, maxItems } = this.request.buffering;
    const bytes = Buffer.byteLength(text);
    if (this.sentBytes + this.gatheredBytes + bytes > MAX_BACKLOG * maxBytes) {
      this.dropped = droppedBoth(this.dropped, { records: 1, bytes });
      return;
    }
    // No more is gathered than was asked for.
    if (this.gathered.length > 0 && this.gatheredBytes + bytes > maxBytes) void this.flush();
    this.gathered.push(text);
    this.gatheredBytes += bytes;
    if (this.gathered.length >= maxItems || this.gatheredBytes >= maxBytes) void this.flush();
    else this.flushLater();
  }

  private flushLater(): void {
    this.timer ??= setTimeout(() => void this.flush(), this.request.buffering.timeoutMs);
  }

  /** One batch after the other; the subscriber is told with the next what it has missed. */
  private async deliver(batch: readonly string[], bytes: number): Promise<void> {
    const { dropped } = this;
    this.dropped = NOTHING_DROPPED;
    const isTaken = await this.isTaken(
      dropped.records === 0 ? batch : [...batch, logsDropped(dropped, this.latest)],
    );
    this.sentBytes -= bytes;
    if (!isTaken) {
      const lost = { records: batch.length, bytes };
      this.dropped = droppedBoth(this.dropped, droppedBoth(dropped, lost));
    } else if (this.dropped.records > 0 && !this.closing.signal.aborted) this.flushLater();
  }

  private async isTaken(batch: readonly string[]): Promise<boolean> {
    const { signal } = this.closing;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      if (await send(this.host, this.request.destination, batch, signal)) return true;
      if (attempt === ATTEMPTS) break;
      await pause(RETRY_MS, undefined, { signal }).catch(() => {});
    }
    return false;
  }
}

function logsDropped({ records, bytes }: Dropped, time: string): string {
  const record = {
    reason: 'Consumer seems to have fallen behind as it has not acknowledged receipt of logs.',
    droppedRecords: records,
    droppedBytes: bytes,
  };
  return JSON.stringify({ time, type: 'platform.logsDropped', record });
}

function send(
  host: string,
  destination: Destination,
  batch: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  return destination.protocol === 'TCP'
    ? sendLines(host, destination, batch, signal)
    : post(host, destination, batch, signal);
}

/** A JSON array in one request; any 2xx is an acknowledgement. */
function post(
  host: string,
  { port, path, method }: Destination,
  batch: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const body = `[${batch.join(',')}]`;
  // Loaded with the first subscriber: few servers ever have one.
  const { request } = process.getBuiltinModule('node:http');
  return new Promise((resolve) => {
    const headers = {
      Host: `sandbox.localdomain:${port}`,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    // Without an agent no connection outlives its batch: the address may belong to another environment by then.
    const call = request({ host, port, path, method, headers, signal, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode !== undefined && answer.statusCode < 300);
    });
    call.on('error', () => resolve(false));
    call.on('close', () => resolve(false));
    call.end(body);
  });
}

/** JSON objects, one a line, on a connection of their own; its end without an error is the acknowledgement. */
function sendLines(
  host: string,
  { port }: Destination,
  batch: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.on('error', () => resolve(false));
    socket.on('close', (hadError) => resolve(!hadError));
    socket.end(`${batch.join('\n')}\n`);
    socket.resume();
  });
}
