/** Messages on their way to subscriptions: on disk until they have arrived, were given up, or have nobody to go to. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Outcome } from '../../delivery/delivery-queue.ts';
import { DeliveryQueue } from '../../delivery/delivery-queue.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { EventQueue, QueuedEvent } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import { EndpointDelivery } from './endpoint-delivery.ts';
import type { Message, SentMessage } from './message.ts';
import type { NotificationContext } from './notification.ts';
import { failedOutcome } from './retries.ts';
import type { Subscription } from './subscription-record.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Topics } from './topics.ts';

export interface DeliveriesDependencies extends NotificationContext {
  readonly topics: Topics;
  readonly subscriptions: Subscriptions;
  readonly queue: EventQueue;
  readonly deliver: Deliver;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

interface Kept {
  readonly subscriptionArn: string;
  readonly message: Message;
}

interface Note {
  readonly failures: number;
  /** Given up, and now for the dead-letter queue. */
  readonly isDead?: boolean;
}

/** Between the ARN and the message group in the name of a queue; no ARN of SNS has it. */
const GROUP_MARK = '#';
/** A dead-letter queue that refuses is tried again at this pace, for half an hour. AWS does not say what it does. */
const DEAD_LETTER_RETRY_MS = 20_000;
const MAX_DEAD_LETTER_ATTEMPTS = 100;

export class Deliveries {
  private readonly deps: DeliveriesDependencies;
  private readonly endpoints: EndpointDelivery;
  private readonly queues = new Map<string, DeliveryQueue>();
  private readonly closing = new AbortController();
  private isResumed = false;

  constructor(deps: DeliveriesDependencies) {
    this.deps = deps;
    this.endpoints = new EndpointDelivery({ ...deps, signal: this.closing.signal });
  }

  /** Goes on with what earlier processes have left. */
  async resume(): Promise<void> {
    for (const { queue } of await this.deps.queue.waiting()) this.queueOf(queue).resume();
    this.isResumed = true;
  }

  /** On disk when it resolves. */
  async send({ record }: Subscription, { text, ...message }: SentMessage): Promise<void> {
    // In the order of these calls, and so in that of publishing.
    const isOrdered = message.sequenceNumber !== undefined;
    const name = isOrdered ? `${record.arn}${GROUP_MARK}${message.groupId}` : record.arn;
    const kept: Kept = { subscriptionArn: record.arn, message };
    const event = {
      queue: name,
      dueMs: this.queueOf(name).nextDueMs(),
      attributes: JSON.stringify(kept),
      payload: Buffer.from(text),
    };
    const id = await this.deps.queue.append(event);
    // The next start goes on with it.
    if (this.closing.signal.aborted) return;
    const queue = this.queueOf(name);
    // Before that, an earlier process may have left messages that come first.
    if (this.isResumed) queue.accept({ ...event, id, note: '' });
    else queue.resume();
  }

  /** Asks a subscription's endpoint for its consent. */
  async askConfirmation(subscription: Subscription): Promise<void> {
    const { topicArn, token } = subscription.record;
    const { ids, clock, topics } = this.deps;
    await this.send(subscription, {
      type: 'SubscriptionConfirmation',
      messageId: ids.uuid(),
      topicArn,
      publishedMs: clock.now(),
      attributes: {},
      signatureVersion: topics.find(topicArn)?.attributes['SignatureVersion'] === '2' ? '2' : '1',
      token: token!,
      text: `You have chosen to subscribe to the topic ${topicArn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
    });
  }

  /** Requests under way are broken off; what has not arrived waits for the next start. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  private queueOf(name: string): DeliveryQueue {
    const existing = this.queues.get(name);
    if (existing !== undefined) return existing;
    const { clock, queue, log } = this.deps;
    const made = new DeliveryQueue(name, name.includes(GROUP_MARK), {
      clock,
      queue,
      log,
      attempt: (event) => this.attempt(event),
      idle: () => {
        if (this.queues.get(name) === made) this.queues.delete(name);
      },
    });
    this.queues.set(name, made);
    return made;
  }

  private async attempt(event: QueuedEvent): Promise<Outcome> {
    const { subscriptionArn, message: kept } = JSON.parse(event.attributes) as Kept;
    const subscription = this.deps.subscriptions.find(subscriptionArn);
    // Who has unsubscribed, or has confirmed already, is not asked any more.
    if (subscription === undefined) return { end: 'done' };
    if (kept.type === 'SubscriptionConfirmation' && !subscription.isPending) return { end: 'done' };
    const message: SentMessage = { ...kept, text: Buffer.from(event.payload).toString() };
    const note = event.note === '' ? { failures: 0 } : (JSON.parse(event.note) as Note);
    if (note.isDead) return this.bury(subscription, message, note);
    try {
      await this.endpoints.deliver(subscription, message);
      return { end: 'done' };
    } catch (error) {
      if (this.closing.signal.aborted) return again(note, 0);
      const delayMs = failedOutcome(error, subscription, this.deps.topics, note.failures + 1);
      if (delayMs !== undefined) return again({ failures: note.failures + 1 }, delayMs);
      const { arn } = subscription.record;
      this.deps.log.warn(
        { subscription: arn, error: String(error) },
        'A message of SNS could not be delivered.',
      );
      return this.bury(subscription, message, { failures: 0, isDead: true });
    }
  }

  /** Into the dead-letter queue, where there is one. */
  private async bury(subscription: Subscription, message: SentMessage, note: Note): Promise<Outcome> {
    const target = subscription.deadLetterQueue;
    if (target === undefined || message.type !== 'Notification') return { end: 'done' };
    try {
      await this.endpoints.deliverToQueue(target, subscription, message);
      return { end: 'done' };
    } catch (error) {
      const failures = note.failures + 1;
      const about = { subscription: subscription.record.arn, target, error: String(error) };
      if (failures >= MAX_DEAD_LETTER_ATTEMPTS) {
        this.deps.log.error(
          about,
          'A dead-letter queue has refused a message for long; the message is dropped.',
        );
        return { end: 'done' };
      }
      this.deps.log.warn(about, 'A dead-letter queue refused a message.');
      return again({ failures, isDead: true }, DEAD_LETTER_RETRY_MS);
    }
  }
}

function again(note: Note, delayMs: number): Outcome {
  return { end: 'again', delayMs, note: JSON.stringify(note) };
}
