/** Queues of brokers by what their address says they are. Each client library is loaded when a queue of its kind is opened. */
import { invariant } from '../core/errors.ts';
import type { OpenBrokerQueue } from '../ports/broker-queue.ts';
import { openActivemqQueue } from './activemq-queue.ts';
import { openRabbitmqQueue } from './rabbitmq-queue.ts';

export const openBrokerQueue: OpenBrokerQueue = (options) => {
  const { kind } = options.address;
  invariant(kind !== 'kafka', 'a cluster of Kafka has no queues');
  return kind === 'rabbitmq' ? openRabbitmqQueue(options) : openActivemqQueue(options);
};
