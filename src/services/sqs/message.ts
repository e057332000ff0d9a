import type { MessageTimes, NewMessage, StoredMessage } from '../../ports/message-store.ts';

/**
 * `delayed` and `inFlight` end at `dueMs`; `available` may be received, though in a FIFO queue not before
 * those of its group that came first; `gone` is deleted, expired or moved.
 */
export type MessageState = 'available' | 'delayed' | 'inFlight' | 'gone';

/** What is kept in memory of each message: all but its content. */
export interface Message {
  readonly position: number;
  readonly header: MessageHeader;
  state: MessageState;
  /** Service time. */
  dueMs: number;
  receiveCount: number;
  firstReceivedMs: number;
  /** When it was last received; of one received before this server was started, the start. */
  receivedMs: number;
}

export interface MessageHeader {
  readonly messageId: string;
  /** Service time of acceptance; retention counts from it. */
  readonly sentMs: number;
  readonly groupId?: string;
  /** Twenty digits; of messages in FIFO queues. */
  readonly sequenceNumber?: string;
  /** The queue it came from, once it is in a dead-letter queue. */
  readonly sourceArn?: string;
}

/** Read from the store with each receipt. */
export interface MessageContent {
  readonly body: string;
  readonly senderId: string;
  readonly attributes?: Readonly<Record<string, StoredAttribute>>;
  readonly traceHeader?: string;
  readonly deduplicationId?: string;
}

export interface StoredAttribute {
  readonly dataType: string;
  readonly text?: string;
  /** Base64. */
  readonly binary?: string;
}

export function storedMessage(queueId: string, message: Message): StoredMessage {
  return { ...messageTimes(message), queueId, header: JSON.stringify(message.header) };
}

export function messageTimes({ position, dueMs, receiveCount, firstReceivedMs }: Message): MessageTimes {
  return { position, dueMs, receiveCount, firstReceivedMs };
}

export function newMessage(queueId: string, message: Message, content: MessageContent): NewMessage {
  return { ...storedMessage(queueId, message), content: JSON.stringify(content) };
}

/** A message as a start finds it, at `nowMs`. */
export function restoredMessage(stored: StoredMessage, nowMs: number): Message {
  const { position, dueMs, receiveCount, firstReceivedMs } = stored;
  return {
    position,
    header: JSON.parse(stored.header) as MessageHeader,
    state: dueMs <= nowMs ? 'available' : receiveCount === 0 ? 'delayed' : 'inFlight',
    dueMs,
    receiveCount,
    firstReceivedMs,
    receivedMs: nowMs,
  };
}
