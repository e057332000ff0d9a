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
import { Subscription } from './subscription.ts';
import type { SubscriptionRequest } from './subscription-request.ts';
import { parseSubscription } from './subscription-request.ts';

const PATHS: ReadonlyMap<string, TelemetrySubscription['api']> = new Map([
  ['/2022-07-01/telemetry', 'telemetry'],
  ['/2020-08-15/logs', 'logs'],
]);

/** Events kept for those who subscribe later in Init. */
const MAX_EARLY_EVENTS = 1_000;

export interface TelemetryApiOwner {
  identified(request: IncomingMessage, response: ServerResponse): Extension | undefined;
  subscribed(subscription: TelemetrySubscription): void;
}

export class TelemetryApi {
  private readonly owner: TelemetryApiOwner;
  private readonly subscriptions = new Map<string, Subscription>();
  private early: TelemetryEvent[] = [];
  private isInitOver = false;

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
    if (!this.isInitOver && this.early.length < MAX_EARLY_EVENTS) this.early.push(event);
    for (const subscription of this.subscriptions.values()) subscription.push(event);
  };

  private subscribe(
    request: IncomingMessage,
    response: ServerResponse,
    api: TelemetrySubscription['api'],
  ): void {
    const extension = this.owner.identified(request, response);
    if (extension === undefined) return;
    readText(request, (text) => {
      const parsed = parseSubscription(text);
      if (typeof parsed === 'string') return refuse(response, 400, 'ValidationError', parsed);
      this.open(extension.name, parsed, api, request.socket.remoteAddress ?? '127.0.0.1');
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 4 });
      response.end('"OK"');
      this.owner.subscribed({ api, name: extension.name, types: parsed.types });
    });
  }

  /** Who subscribes is reached where its request came from: the sandbox's own address, or loopback. */
  private open(name: string, request: SubscriptionRequest, api: string, host: string): void {
    this.subscriptions.get(name)?.close();
    const shaped = api === 'logs' ? logsApiEvents : (event: TelemetryEvent): TelemetryEvent[] => [event];
    const subscription = new Subscription(name, request, host, shaped);
    this.subscriptions.set(name, subscription);
    for (const event of this.early) subscription.push(event);
  }
}
