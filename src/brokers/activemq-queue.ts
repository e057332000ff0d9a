/** Queues of ActiveMQ, over AMQP 1.0. */
import type { Connection, Delivery, EventContext, Receiver } from 'rhea';
import { invariant } from '../core/errors.ts';
import type { BrokerQueue, BrokerQueueOptions } from '../ports/broker-queue.ts';
import { activemqRecord } from './activemq-message.ts';
import { Arrivals } from './arrivals.ts';
import { closing } from './closing.ts';

/** Milliseconds after which a silent broker counts as gone. */
const IDLE_TIMEOUT_MS = 10_000;

/**
 * A message that has come again so often goes to the broker's dead letters. Source: Lambda developer guide,
 * "Troubleshoot Amazon MQ event source mapping errors".
 */
const MAX_REDELIVERIES = 6;

export async function openActivemqQueue(options: BrokerQueueOptions): Promise<BrokerQueue> {
  const connection = await connected(options);
  const queue = new ActivemqQueue(connection, options);
  try {
    await queue.open();
    return queue;
  } catch (error) {
    await queue.close();
    throw error;
  }
}

async function connected({ address, username, password }: BrokerQueueOptions): Promise<Connection> {
  const [endpoint] = address.endpoints;
  invariant(endpoint !== undefined, 'a broker has an address');
  const { default: rhea } = await import('rhea');
  const options = {
    host: endpoint.host,
    port: endpoint.port,
    username,
    password,
    reconnect: false as const,
    idle_time_out: IDLE_TIMEOUT_MS,
  };
  // Each has listeners of its own, so each is a container of its own.
  const container = rhea.create_container();
  const connection = container.connect(
    address.isTls ? { ...options, transport: 'tls', servername: endpoint.host } : options,
  );
  return opened(connection, 'connection_open', ['connection_error', 'connection_close', 'disconnected']).then(
    () => connection,
  );
}

interface Emitter {
  on(event: string, listener: (context: EventContext) => void): unknown;
  removeListener(event: string, listener: (context: EventContext) => void): unknown;
}

/** Resolves with the first event, rejects with one of the others. */
function opened(emitter: Emitter, good: string, bad: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const succeed = (): void => resolve();
  const fail = (context: EventContext): void => reject(reasonOf(context));
  emitter.on(good, succeed);
  for (const event of bad) emitter.on(event, fail);
  return promise.finally(() => {
    emitter.removeListener(good, succeed);
    for (const event of bad) emitter.removeListener(event, fail);
  });
}

function reasonOf({ error, connection, receiver }: EventContext): Error {
  const reason = error ?? receiver?.error ?? connection?.error;
  if (reason instanceof Error) return reason;
  const { condition = '', description = '' } = (reason ?? {}) as {
    readonly condition?: string;
    readonly description?: string;
  };
  return new Error(`${condition} ${description}`.trim() || 'The broker has closed the connection.');
}

class ActivemqQueue implements BrokerQueue {
  private readonly connection: Connection;
  private readonly options: BrokerQueueOptions;
  private readonly arrivals = new Arrivals();
  /** What has not been answered for, by handle. */
  private readonly taken = new Map<string, { readonly delivery: Delivery; readonly redeliveries: number }>();
  private receiver: Receiver | undefined;
  private count = 0;
  private isDisconnected = false;

  constructor(connection: Connection, options: BrokerQueueOptions) {
    this.connection = connection;
    this.options = options;
    const fail = (context: EventContext): void => this.arrivals.fail(reasonOf(context));
    for (const event of [
      'connection_error',
      'connection_close',
      'disconnected',
      'session_error',
      'receiver_error',
    ])
      connection.on(event, fail);
    connection.on('receiver_close', fail);
    connection.on('disconnected', () => {
      this.isDisconnected = true;
    });
  }

  /** Credit is given by hand: a message takes a place until it has been answered for. */
  async open(): Promise<void> {
    const receiver = this.connection.open_receiver({
      source: { address: this.options.queue },
      credit_window: 0,
      autoaccept: false,
    });
    receiver.on('message', (context) => this.arrived(context));
    this.receiver = receiver;
    await opened(receiver, 'receiver_open', ['receiver_error', 'receiver_close']);
    receiver.add_credit(this.options.prefetch);
  }

  private arrived({ message, delivery }: EventContext): void {
    if (message === undefined || delivery === undefined) return;
    const { handlePrefix, queue, now } = this.options;
    const handle = `${handlePrefix}${++this.count}`;
    this.taken.set(handle, { delivery, redeliveries: Number(message['delivery_count'] ?? 0) });
    this.arrivals.push({ handle, itemId: handle, record: activemqRecord(message, queue, now()) });
  }

  take(max: number, signal: AbortSignal) {
    return this.arrivals.take(max, signal);
  }

  acknowledge(handles: readonly string[]): void {
    this.answer(handles, ({ delivery }) => delivery.accept());
  }

  release(handles: readonly string[]): void {
    this.answer(handles, ({ delivery }) => delivery.release());
  }

  giveBackFailed(handles: readonly string[]): void {
    this.answer(handles, ({ delivery, redeliveries }) => {
      if (redeliveries >= MAX_REDELIVERIES) delivery.reject();
      else delivery.modified({ delivery_failed: true, undeliverable_here: false });
    });
  }

  async close(): Promise<void> {
    this.arrivals.fail(new Error('The connection has been closed.'));
    this.taken.clear();
    if (this.isDisconnected || this.connection.is_closed()) return;
    const ended = opened(this.connection, 'connection_close', ['disconnected', 'connection_error']);
    this.connection.close();
    await closing(ended);
  }

  private answer(
    handles: readonly string[],
    decide: (taken: { readonly delivery: Delivery; readonly redeliveries: number }) => void,
  ): void {
    if (this.arrivals.isOver) return;
    let answered = 0;
    for (const handle of handles) {
      const taken = this.taken.get(handle);
      if (taken === undefined) continue;
      this.taken.delete(handle);
      decide(taken);
      answered += 1;
    }
    if (answered > 0 && this.receiver?.is_open() === true) this.receiver.add_credit(answered);
  }
}
