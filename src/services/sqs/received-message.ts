import type { ReceiveMessageCommandInput, Message as WireMessage } from '@aws-sdk/client-sqs';
import type { StoredAttributes } from './message-attributes.ts';
import { attributesDigest, bodyDigest, wireAttribute } from './message-attributes.ts';
import type { ReceivedMessage } from './receiver.ts';

type Asked = Pick<
  ReceiveMessageCommandInput,
  'AttributeNames' | 'MessageSystemAttributeNames' | 'MessageAttributeNames'
>;

/** A message as ReceiveMessage answers it, with those of its attributes that were asked for. */
export function wireMessage(received: ReceivedMessage, asked: Asked): WireMessage {
  const { message, content, receiptHandle } = received;
  const names: readonly string[] = [
    ...(asked.AttributeNames ?? []),
    ...(asked.MessageSystemAttributeNames ?? []),
  ];
  const system = Object.entries(systemAttributes(received)).filter(
    ([name]) => names.includes('All') || names.includes(name),
  );
  const attributes = chosenAttributes(content.attributes ?? {}, asked.MessageAttributeNames ?? []);
  return {
    MessageId: message.header.messageId,
    ReceiptHandle: receiptHandle,
    MD5OfBody: bodyDigest(content.body),
    Body: content.body,
    ...(system.length === 0 ? {} : { Attributes: Object.fromEntries(system) }),
    ...(attributes === undefined
      ? {}
      : {
          MD5OfMessageAttributes: attributesDigest(attributes),
          MessageAttributes: Object.fromEntries(
            Object.entries(attributes).map(([name, value]) => [name, wireAttribute(value)]),
          ),
        }),
  };
}

/** All system attributes, as text. */
export function systemAttributes({ message, content }: ReceivedMessage): Record<string, string> {
  const { sentMs, groupId, sequenceNumber, sourceArn } = message.header;
  const { deduplicationId, traceHeader } = content;
  return {
    SenderId: content.senderId,
    SentTimestamp: String(sentMs),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
    ...(sequenceNumber === undefined ? {} : { SequenceNumber: sequenceNumber }),
    ...(deduplicationId === undefined ? {} : { MessageDeduplicationId: deduplicationId }),
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(traceHeader === undefined ? {} : { AWSTraceHeader: traceHeader }),
    ...(sourceArn === undefined ? {} : { DeadLetterQueueSourceArn: sourceArn }),
  };
}

/** By name, `All` or `.*` for each, `prefix.*` for those that begin so. */
function chosenAttributes(
  attributes: StoredAttributes,
  patterns: readonly string[],
): StoredAttributes | undefined {
  const isChosen = (name: string): boolean =>
    patterns.some(
      (pattern) =>
        pattern === 'All' ||
        pattern === name ||
        (pattern.endsWith('.*') && name.startsWith(pattern === '.*' ? '' : pattern.slice(0, -1))),
    );
  const chosen = Object.entries(attributes).filter(([name]) => isChosen(name));
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}
