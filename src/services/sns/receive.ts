/** Takes what other services publish to topics. */
import { formatArn } from '../../core/arn.ts';
import { checkDeliveryAccess } from '../../core/policy/service-access.ts';
import type { Delivery, Receive } from '../../ports/delivery.ts';
import type { PublishedInput } from './draft.ts';
import { draftOf, MAX_MESSAGE_BYTES } from './draft.ts';
import type { SnsContext } from './sns-context.ts';
import { invalidParameter, topicDoesNotExist } from './sns-errors.ts';
import { topicPolicy } from './topic-attributes.ts';
import type { TopicRecord } from './topic-record.ts';

/** Throws `AuthorizationError` where the topic's policy does not let the service in. */
export function receiveDelivery({ topics, publisher }: SnsContext): Receive {
  return async (target, delivery) => {
    const topic = topics.find(formatArn(target));
    if (topic === undefined) throw topicDoesNotExist();
    checkAccess(topic, delivery);
    const draft = draftOf(topic, publishedInput(delivery));
    if (draft.sizeBytes > MAX_MESSAGE_BYTES) throw invalidParameter('Message too long');
    const { traceHeader } = delivery;
    await publisher.publish(topic, traceHeader === undefined ? draft : { ...draft, traceHeader });
  };
}

function checkAccess(topic: TopicRecord, delivery: Delivery): void {
  const { principal: service, sourceArn, sourceAccount, byRole } = delivery;
  const access = { service, action: 'SNS:Publish', resource: topic.arn, sourceArn, sourceAccount, byRole };
  checkDeliveryAccess(topicPolicy(topic), access, 'AuthorizationErrorException');
}

function publishedInput(delivery: Delivery): PublishedInput {
  const attributes = Object.entries(delivery.attributes ?? {}).map(([name, value]) => {
    if (typeof value !== 'object') {
      const type = typeof value === 'number' ? 'Number' : 'String';
      return [name, { DataType: type, StringValue: String(value) }] as const;
    }
    const { dataType, text, binary } = value;
    const held =
      binary === undefined ? { StringValue: text } : { BinaryValue: Buffer.from(binary, 'base64') };
    return [name, { DataType: dataType, ...held }] as const;
  });
  return {
    Message: delivery.body,
    MessageAttributes: Object.fromEntries(attributes),
    MessageGroupId: delivery.messageGroupId,
    MessageDeduplicationId: delivery.messageDeduplicationId,
  };
}
