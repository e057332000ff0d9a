/** One subscriber: gathers its events and sends them, by HTTP or TCP, into the sandbox. */
import { connect } from 'node:net';
import type { TelemetryEvent } from '../../ports/environment.ts';
import type { Destination, SubscriptionRequest, TelemetryType } from './subscription-request.ts';

/** What a subscriber has not taken yet may be so many times its `maxBytes`; more is dropped and counted. */
const MAX_BACKLOG = 10;

/** A batch is tried so often, with so many milliseconds between; AWS says only that it retries. */
const ATTEMPTS = 3;
const RETRY_MS = 100;

export class Subscription {
  readonly name: string;
  private readonly request: SubscriptionRequest;
  /** The sandbox's address. */
  private readonly host: string;
  private readonly shaped: (event: TelemetryEvent) => TelemetryEvent[];
  private gathered: string[] = [];
  private gatheredBytes = 0;
  private sentBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();
  private dropped = { records: 0, bytes: 0 };
  /** Ends what is under way. A subscriber may be frozen meanwhile, so nothing else ends an attempt. */
  private readonly closing = new AbortController();

  constructor(
    name: string,
    request: SubscriptionRequest,
    host: string,
    shaped: (event: TelemetryEvent) => TelemetryEvent[],
  ) {
    this.name = name;
    this.request = request;
    this.host = host;
    this.shaped = shaped;
  }

  push(event: TelemetryEvent): void {
    const type = event.type.startsWith('platform.') ? 'platform' : (event.type as TelemetryType);
    if (this.closing.signal.aborted || !this.request.types.includes(type)) return;
    for (const shaped of this.shaped(event)) this.gather(JSON.stringify(shaped));
  }

  /** Sends what has gathered; resolves when nothing is under way. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.dropped.records > 0) this.gatherDropped();
    const batch = this.gathered;
    const bytes = this.gatheredBytes;
    this.gathered = [];
    this.gatheredBytes = 0;
    if (batch.length === 0) return this.sending;
    this.sentBytes += bytes;
    this.sending = this.sending.then(async () => {
      const isTaken = await this.deliver(batch);
      this.sentBytes -= bytes;
      if (!isTaken) this.count(batch.length, bytes);
    });
    return this.sending;
  }

  /** Nothing is sent any more. */
  close(): void {
    this.closing.abort();
    clearTimeout(this.timer);
  }

  private gather(text: string): void {
    const { maxBytes, maxItems, timeoutMs } = this.request.buffering;
    const bytes = Buffer.byteLength(text);
    if (this.sentBytes + this.gatheredBytes + bytes > MAX_BACKLOG * maxBytes) return this.count(1, bytes);
    // A batch is never larger than was asked for.
    if (this.gathered.length > 0 && this.gatheredBytes + bytes > maxBytes) void this.flush();
    this.gathered.push(text);
    this.gatheredBytes += bytes;
    if (this.gathered.length >= maxItems || this.gatheredBytes >= maxBytes) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), timeoutMs);
  }

  private count(records: number, bytes: number): void {
    this.dropped.records += records;
    this.dropped.bytes += bytes;
  }

  private gatherDropped(): void {
    const { records, bytes } = this.dropped;
    this.dropped = { records: 0, bytes: 0 };
    const record = {
      reason: 'Consumer seems to have fallen behind as it has not acknowledged receipt of logs.',
      droppedRecords: records,
      droppedBytes: bytes,
    };
    const event = { time: new Date().toISOString(), type: 'platform.logsDropped', record };
    this.gathered.push(JSON.stringify(event));
  }

  private async deliver(batch: readonly string[]): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS && !this.closing.signal.aborted; attempt += 1) {
      if (await send(this.host, this.request.destination, batch, this.closing.signal)) return true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return false;
  }
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
    const call = request({ host, port, path, method, headers, signal }, (answer) => {
      answer.resume();
      resolve(answer.statusCode !== undefined && answer.statusCode < 300);
    });
    call.on('error', () => resolve(false));
    call.on('close', () => resolve(false));
    call.end(body);
  });
}

/** JSON objects, one a line, on a connection of their own. */
function sendLines(
  host: string,
  { port }: Destination,
  batch: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.on('error', () => resolve(false));
    socket.on('close', (hadError) => resolve(!hadError));
    socket.end(`${batch.join('\n')}\n`);
    socket.resume();
  });
}
