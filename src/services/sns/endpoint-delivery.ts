import type { Deliver, Delivery } from '../../ports/delivery.ts';
import { effectivePolicy } from './delivery-policy.ts';
import { deliverOverHttp } from './http-delivery.ts';
import type { SentMessage } from './message.ts';
import type { MessageAttributes } from './message-attributes.ts';
import type { NotificationContext } from './notification.ts';
import { functionEvent, notificationText } from './notification.ts';
import type { Subscription } from './subscription-record.ts';
import { FIFO_SUFFIX } from './topic-record.ts';
import type { Topics } from './topics.ts';

export interface EndpointDeliveryDependencies extends NotificationContext {
  readonly topics: Topics;
  readonly deliver: Deliver;
  /** Aborted when the server closes. */
  readonly signal: AbortSignal;
}

/** One attempt to hand a message to an endpoint; rejects where it was not taken. */
export class EndpointDelivery {
  private readonly deps: EndpointDeliveryDependencies;

  constructor(deps: EndpointDeliveryDependencies) {
    this.deps = deps;
  }

  async deliver(subscription: Subscription, message: SentMessage): Promise<void> {
    const { protocol, endpoint, arn } = subscription.record;
    if (protocol === 'sqs') await this.deliverToQueue(endpoint, subscription, message);
    else if (protocol === 'lambda') {
      const body = await functionEvent(message, arn, this.deps);
      await this.deps.deliver(endpoint, { ...origin(message), body });
    } else if (protocol === 'firehose') {
      const body = subscription.isRaw ? message.text : await notificationText(message, arn, this.deps);
      await this.deps.deliver(endpoint, { ...origin(message), body });
    } else await this.deliverToUrl(subscription, message);
  }

  /** To the subscribed queue, or in the same form to the dead-letter queue. */
  async deliverToQueue(
    queueArn: string,
    { record, isRaw }: Subscription,
    message: SentMessage,
  ): Promise<void> {
    const isRawHere = isRaw && message.type === 'Notification';
    const isFifo = queueArn.endsWith(FIFO_SUFFIX);
    const { groupId, deduplicationId, sequenceNumber } = message;
    // Recorded: of a FIFO topic nothing of the order is left in a standard queue.
    const hasGroup = groupId !== undefined && (isFifo || sequenceNumber === undefined);
    await this.deps.deliver(queueArn, {
      ...origin(message),
      body: isRawHere ? message.text : await notificationText(message, record.arn, this.deps),
      ...(isRawHere ? { attributes: carried(message.attributes) } : {}),
      ...(hasGroup ? { messageGroupId: groupId } : {}),
      ...(isFifo && deduplicationId !== undefined ? { messageDeduplicationId: deduplicationId } : {}),
    });
  }

  private async deliverToUrl({ record, isRaw }: Subscription, message: SentMessage): Promise<void> {
    const topicPolicy = this.deps.topics.find(record.topicArn)?.attributes['DeliveryPolicy'];
    const { contentType } = effectivePolicy(topicPolicy, record.attributes['DeliveryPolicy']);
    const isRawHere = isRaw && message.type === 'Notification';
    await deliverOverHttp({
      url: record.endpoint,
      body: isRawHere ? message.text : await notificationText(message, record.arn, this.deps),
      contentType,
      message,
      subscriptionArn: record.arn,
      isRaw: isRawHere,
      signal: this.deps.signal,
    });
  }
}

function origin({
  topicArn,
  traceHeader,
}: SentMessage): Pick<Delivery, 'principal' | 'sourceArn' | 'traceHeader'> {
  return {
    principal: 'sns.amazonaws.com',
    sourceArn: topicArn,
    ...(traceHeader === undefined ? {} : { traceHeader }),
  };
}

function carried(attributes: MessageAttributes): NonNullable<Delivery['attributes']> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, value }]) => [
      name,
      dataType.startsWith('Binary') ? { dataType, binary: value } : { dataType, text: value },
    ]),
  );
}
