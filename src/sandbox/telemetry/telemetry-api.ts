/**
 * The Telemetry API (2022-07-01) and the older Logs API (2020-08-15) of one environment: extensions
 * subscribe to what the platform, the function and other extensions tell. What was told before the first
 * subscription is kept until Init is over, so that a subscriber sees initStart too.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TelemetryEvent, TelemetrySubscription } from '../../ports/environment.ts';
import type { Extension } from '../extensions/extension-registry.ts';
import { readText } from '../extensions/request-text.ts';
import { methodNotAllowed, refuse } from '../runtime-api/api-answers.ts';
import { logsApiEvents } from './logs-api-events.ts';
import type { Dropped } from './subscription.ts';
import { droppedBoth, NOTHING_DROPPED, Subscription } from './subscription.ts';
import type { SubscriptionRequest } from './subscription-request.ts';
import { parseSubscription } from './subscription-request.ts';

type Api = TelemetrySubscription['api'];

const PATHS: ReadonlyMap<string, Api> = new Map([
  ['/2022-07-01/telemetry', 'telemetry'],
  ['/2020-08-15/logs', 'logs'],
]);

const UNREACHABLE =
  'Telemetry cannot be delivered: a server that is not root reaches nothing in the network of an environment.';

/** In the words of AWS's runtime interface emulator. */
const CLOSED: Readonly<Record<Api, { errorType: string; message: string }>> = {
  telemetry: {
    errorType: 'Telemetry.SubscriptionClosed',
    message: 'Telemetry API subscription is closed already',
  },
  logs: { errorType: 'Logs.SubscriptionClosed', message: 'Logs API subscription is closed already' },
};

/** Events kept for those who subscribe later in Init, as JSON; bytes. A function may write much before it is ready. */
const MAX_EARLY_BYTES = 1024 * 1024;

export interface TelemetryApiOwner {
  identified(request: IncomingMessage, response: ServerResponse): Extension | undefined;
  subscribed(subscription: TelemetrySubscription): void;
}

export class TelemetryApi {
  private readonly owner: TelemetryApiOwner;
  private readonly subscriptions = new Map<string, Subscription>();
  private early: TelemetryEvent[] = [];
  private earlyBytes = 0;
  private earlyDropped: Dropped = NOTHING_DROPPED;
  private isInitOver = false;
  private isUnreachable = false;

  constructor(owner: TelemetryApiOwner) {
    this.owner = owner;
  }

  /** Takes an event; undefined when nobody wants any. */
  get sink(): ((event: TelemetryEvent) => void) | undefined {
    return this.isInitOver && this.subscriptions.size === 0 ? undefined : this.tell;
  }

  /** False when the path is not of these APIs. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const api = PATHS.get(request.url ?? '');
    if (api === undefined) return false;
    if (request.method === 'PUT') this.subscribe(request, response, api);
    else methodNotAllowed(request, response);
    return true;
  }

  /** Nothing outside reaches the sandbox: nobody can be told anything there. */
  sandboxUnreachable(): void {
    this.isUnreachable = true;
  }

  /** From here on AWS takes no subscriptions. Source: "Lambda Logs API", and its emulator's refusals. */
  initOver(): void {
    this.isInitOver = true;
    this.early = [];
  }

  async flush(): Promise<void> {
    await Promise.all([...this.subscriptions.values()].map((subscription) => subscription.flush()));
  }

  close(): void {
    for (const subscription of this.subscriptions.values()) subscription.close();
  }

  private readonly tell = (event: TelemetryEvent): void => {
    if (!this.isInitOver) this.keep(event);
    for (const subscription of this.subscriptions.values()) subscription.push(event);
  };

  private keep(event: TelemetryEvent): void {
    const bytes = Buffer.byteLength(JSON.stringify(event));
    if (this.earlyBytes + bytes > MAX_EARLY_BYTES) {
      this.earlyDropped = droppedBoth(this.earlyDropped, { records: 1, bytes });
      return;
    }
    this.early.push(event);
    this.earlyBytes += bytes;
  }

  private subscribe(request: IncomingMessage, response: ServerResponse, api: Api): void {
    const extension = this.owner.identified(request, response);
    if (extension === undefined) return;
    readText(request, (text) => {
      if (this.isUnreachable) return refuse(response, 501, 'NotImplemented', UNREACHABLE);
      if (this.isInitOver) return refuse(response, 403, CLOSED[api].errorType, CLOSED[api].message);
      const parsed = parseSubscription(text, api);
      if (typeof parsed === 'string') return refuse(response, 400, 'ValidationError', parsed);
      this.open(extension.name, parsed, api, request.socket.remoteAddress ?? '127.0.0.1');
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 4 });
      response.end('"OK"');
      this.owner.subscribed({ api, name: extension.name, types: parsed.types });
    });
  }

  /** Who subscribes is reached where its request came from: the sandbox's own address, or loopback. */
  private open(name: string, request: SubscriptionRequest, api: Api, host: string): void {
    this.subscriptions.get(name)?.close();
    const shaped = (event: TelemetryEvent): TelemetryEvent[] =>
      api === 'logs' ? logsApiEvents(event, request.schemaVersion) : [event];
    const subscription = new Subscription(request, host, shaped, this.earlyDropped);
    this.subscriptions.set(name, subscription);
    for (const event of this.early) subscription.push(event);
  }
}
