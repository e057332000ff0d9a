/** Queues of RabbitMQ, over AMQP 0-9-1. */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { invariant } from '../core/errors.ts';
import type { BrokerQueue, BrokerQueueOptions } from '../ports/broker-queue.ts';
import { Arrivals } from './arrivals.ts';
import { closing } from './closing.ts';
import { rabbitmqRecord } from './rabbitmq-message.ts';

/** Seconds after which a silent broker counts as gone, and milliseconds to reach one. */
const HEARTBEAT_SECONDS = 10;
const CONNECT_TIMEOUT_MS = 10_000;

export async function openRabbitmqQueue(options: BrokerQueueOptions): Promise<BrokerQueue> {
  const connection = await connect(options);
  const arrivals = new Arrivals();
  connection.on('error', (error: unknown) => arrivals.fail(error));
  connection.on('close', () => arrivals.fail(new Error('The broker has closed the connection.')));
  try {
    const channel = await connection.createChannel();
    channel.on('error', (error: unknown) => arrivals.fail(error));
    channel.on('close', () => arrivals.fail(new Error('The broker has closed the channel.')));
    await channel.prefetch(options.prefetch);
    const queue = new RabbitmqQueue(connection, channel, arrivals, options.handlePrefix);
    await channel.consume(options.queue, (message) => queue.arrived(message));
    return queue;
  } catch (error) {
    await closing(connection.close());
    throw error;
  }
}

async function connect({ address, ...options }: BrokerQueueOptions): Promise<ChannelModel> {
  const [endpoint] = address.endpoints;
  invariant(endpoint !== undefined, 'a broker has an address');
  const { connect } = await import('amqplib');
  return connect(
    {
      protocol: address.isTls ? 'amqps' : 'amqp',
      hostname: endpoint.host,
      port: endpoint.port,
      username: options.username,
      password: options.password,
      vhost: options.virtualHost,
      heartbeat: HEARTBEAT_SECONDS,
    },
    { timeout: CONNECT_TIMEOUT_MS, noDelay: true, servername: endpoint.host },
  );
}

class RabbitmqQueue implements BrokerQueue {
  private readonly connection: ChannelModel;
  private readonly channel: Channel;
  private readonly arrivals: Arrivals;
  private readonly handlePrefix: string;
  /** What has not been answered for, by handle. */
  private readonly taken = new Map<string, ConsumeMessage>();

  constructor(connection: ChannelModel, channel: Channel, arrivals: Arrivals, handlePrefix: string) {
    this.connection = connection;
    this.channel = channel;
    this.arrivals = arrivals;
    this.handlePrefix = handlePrefix;
  }

  /** Null where the queue has been deleted. */
  arrived(message: ConsumeMessage | null): void {
    if (message === null) {
      this.arrivals.fail(new Error('The queue has gone.'));
      return;
    }
    const handle = `${this.handlePrefix}${message.fields.deliveryTag}`;
    this.taken.set(handle, message);
    this.arrivals.push({ handle, itemId: handle, record: rabbitmqRecord(message) });
  }

  take(max: number, signal: AbortSignal) {
    return this.arrivals.take(max, signal);
  }

  acknowledge(handles: readonly string[]): void {
    for (const message of this.answered(handles)) this.channel.ack(message);
  }

  release(handles: readonly string[]): void {
    for (const message of this.answered(handles)) this.channel.nack(message, false, true);
  }

  /** RabbitMQ counts no failures: a queue may have a policy of its own for what comes again and again. */
  giveBackFailed(handles: readonly string[]): void {
    this.release(handles);
  }

  async close(): Promise<void> {
    this.arrivals.fail(new Error('The connection has been closed.'));
    this.taken.clear();
    await closing(this.connection.close());
  }

  private answered(handles: readonly string[]): ConsumeMessage[] {
    if (this.arrivals.isOver) return [];
    return handles.flatMap((handle) => {
      const message = this.taken.get(handle);
      this.taken.delete(handle);
      return message === undefined ? [] : [message];
    });
  }
}
