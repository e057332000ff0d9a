/** Queues as sources of events: messages in the form in which Lambda hands them to functions. */
import type { EventSource, SourceRecord } from '../../ports/event-source.ts';
import type { StoredAttributes } from './message-attributes.ts';
import { attributesDigest, bodyDigest } from './message-attributes.ts';
import type { Queue } from './queue.ts';
import { systemAttributes } from './received-message.ts';
import type { ReceivedMessage } from './receiver.ts';
import type { SqsContext } from './sqs-context.ts';
import { queueDoesNotExist } from './sqs-errors.ts';

export function queueEventSource({ queues, receiver }: SqsContext): EventSource {
  const existing = (arn: string): Queue => {
    const queue = queues.findByArn(arn);
    if (queue === undefined) throw queueDoesNotExist();
    return queue;
  };
  return {
    async describe(arn) {
      const settings = queues.findByArn(arn)?.settings;
      if (settings === undefined) return undefined;
      return { isOrdered: settings.isFifo, visibilityTimeoutSeconds: settings.visibilityTimeoutMs / 1000 };
    },

    async pull(arn, { max, signal }) {
      const queue = existing(arn);
      const received = await receiver.receive(queue, {
        max,
        visibilityMs: queue.settings.visibilityTimeoutMs,
        waitMs: Number.POSITIVE_INFINITY,
        signal,
      });
      return received.map((message) => sourceRecord(queue, message));
    },

    async acknowledge(arn, handles) {
      await receiver.delete(existing(arn), handles);
    },

    async release(arn, handles) {
      await receiver.changeVisibility(
        existing(arn),
        handles.map((handle) => ({ handle, timeoutMs: 0 })),
      );
    },
  };
}

/** Source: Lambda developer guide, "Using Lambda with Amazon SQS"; the order of members as recorded. */
function sourceRecord({ arn, record: { region } }: Queue, received: ReceivedMessage): SourceRecord {
  const { message, content, receiptHandle } = received;
  const { attributes = {}, body, traceHeader } = content;
  const { messageId } = message.header;
  const hasAttributes = Object.keys(attributes).length > 0;
  return {
    handle: receiptHandle,
    itemId: messageId,
    ...(traceHeader === undefined ? {} : { traceHeader }),
    record: {
      messageId,
      receiptHandle,
      body,
      attributes: systemAttributes(received),
      messageAttributes: eventAttributes(attributes),
      ...(hasAttributes ? { md5OfMessageAttributes: attributesDigest(attributes) } : {}),
      md5OfBody: bodyDigest(body),
      eventSource: 'aws:sqs',
      eventSourceARN: arn,
      awsRegion: region,
    },
  };
}

function eventAttributes(attributes: StoredAttributes): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, text, binary }]) => [
      name,
      {
        ...(text === undefined ? {} : { stringValue: text }),
        ...(binary === undefined ? {} : { binaryValue: binary }),
        stringListValues: [],
        binaryListValues: [],
        dataType,
      },
    ]),
  );
}
