import type { Clock } from '../../core/clock.ts';
import type { MessageStore } from '../../ports/message-store.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import type { MessageBroker } from './message-broker.ts';
import type { Queue } from './queue.ts';
import { addressOfUrl } from './queue-address.ts';
import type { Queues } from './queues.ts';
import type { Receiver } from './receiver.ts';
import { missingParameter, queueDoesNotExist } from './sqs-errors.ts';

/** What the operations share. */
export interface SqsContext {
  readonly queues: Queues;
  readonly broker: MessageBroker;
  readonly receiver: Receiver;
  readonly store: MessageStore;
  readonly clock: Clock;
  /** Who sends, as `SenderId` tells: an account, or a role's id with the session's name. */
  readonly senderIdOf: (caller: RequestContext) => string;
}

export type SqsOperations = Operations<typeof import('@aws-sdk/client-sqs')>;

/** The queue a call is for. Throws `MissingParameter`, `InvalidAddress`, `QueueDoesNotExist`. */
export function queueOf({ queues }: SqsContext, url: string | undefined, caller: RequestContext): Queue {
  const queue = queues.find(addressOfUrl(required(url, 'QueueUrl'), caller));
  if (queue === undefined) throw queueDoesNotExist(caller);
  return queue;
}

/** The model says what is required, but its words are not those of SQS; an empty text is as good as none. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined || value === null || value === '') throw missingParameter(name);
  return value;
}
