/** A queue of a message broker that is not part of this server, read over one connection. */
import type { BrokerAddress } from '../core/broker-address.ts';
import type { SourceRecord } from './event-source.ts';

export interface BrokerQueueOptions {
  readonly address: BrokerAddress;
  readonly queue: string;
  /** Of RabbitMQ; other brokers have none. */
  readonly virtualHost: string;
  readonly username: string;
  readonly password: string;
  /** Messages that are taken ahead of their turn, together with those that have not been answered for. */
  readonly prefetch: number;
  /** What handles of this connection begin with, so that none is taken for one of another. */
  readonly handlePrefix: string;
  /** Service time, for what a broker does not tell of a message. */
  readonly now: () => number;
}

export interface BrokerQueue {
  /**
   * Up to `max` messages, as soon as there are any, with records as Lambda's events have them; none only when the
   * signal ends it. Rejects where the connection has ended or the queue has gone; then another one is to be opened.
   */
  take(max: number, signal: AbortSignal): Promise<readonly SourceRecord[]>;
  /** They will not come again. Those of a connection that has ended do. */
  acknowledge(handles: readonly string[]): void;
  /** Nobody has looked at them: they may come again at once. */
  release(handles: readonly string[]): void;
  /** They come again, marked as redelivered; or go where the broker sends what cannot be delivered, if it has failed often. */
  giveBackFailed(handles: readonly string[]): void;
  /** What has not been acknowledged comes again, to whoever reads next. */
  close(): Promise<void>;
}

/** Rejects where there is no such broker or queue, or it lets nobody of that name in. */
export type OpenBrokerQueue = (options: BrokerQueueOptions) => Promise<BrokerQueue>;
