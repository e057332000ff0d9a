/** A message on its way to one subscription. */
import type { MessageAttributes } from './message-attributes.ts';

export interface Message {
  readonly type: 'Notification' | 'SubscriptionConfirmation';
  readonly messageId: string;
  readonly topicArn: string;
  /** Service time, epoch milliseconds. */
  readonly publishedMs: number;
  readonly subject?: string;
  readonly attributes: MessageAttributes;
  readonly signatureVersion: '1' | '2';
  readonly groupId?: string;
  /** Of FIFO topics. */
  readonly deduplicationId?: string;
  /** Of FIFO topics. */
  readonly sequenceNumber?: string;
  /** Of a confirmation. */
  readonly token?: string;
  /** An X-Ray trace header to be carried on. */
  readonly traceHeader?: string;
}

/** The text is kept apart from the rest. */
export interface SentMessage extends Message {
  readonly text: string;
}
