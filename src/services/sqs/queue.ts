import type { MessageStore } from '../../ports/message-store.ts';
import { Backlog } from './backlog.ts';
import type { Message } from './message.ts';
import { queueArn } from './queue-address.ts';
import type { QueueRecord } from './queue-record.ts';
import { QueueSettings } from './queue-record.ts';

/** What a message became that was sent with a deduplication id. */
export interface SentMessage {
  readonly messageId: string;
  readonly sequenceNumber?: string;
}

export interface TakenOnce {
  readonly sent: SentMessage;
  readonly expiresMs: number;
  /** Until it is stored, whoever sends the same again waits as well. */
  readonly stored: Promise<unknown>;
}

/** Takes what it can of the queue; true when it is satisfied and out of the line. */
export type Waiter = () => boolean;

/** One queue that exists: record, settings and messages. */
export class Queue {
  readonly arn: string;
  readonly backlog: Backlog;
  /** By deduplication id, within its scope. */
  readonly takenOnce = new Map<string, TakenOnce>();
  /** Long polls and mappings, in order of arrival. */
  readonly waiters = new Set<Waiter>();
  isDeleted = false;
  lastPurgeMs = Number.NEGATIVE_INFINITY;
  private held: QueueRecord;
  private read: QueueSettings;

  constructor(record: QueueRecord) {
    this.held = record;
    this.read = new QueueSettings(record);
    this.arn = queueArn(record);
    this.backlog = new Backlog(this.read.isFifo);
  }

  get record(): QueueRecord {
    return this.held;
  }

  set record(record: QueueRecord) {
    this.held = record;
    this.read = new QueueSettings(record);
  }

  get settings(): QueueSettings {
    return this.read;
  }

  isExpired(message: Message, nowMs: number): boolean {
    return message.header.sentMs + this.read.retentionMs <= nowMs;
  }

  /** Forgets deduplication ids whose interval is over; true if there were any. */
  forgetTaken(nowMs: number): boolean {
    let forgot = false;
    for (const [key, { expiresMs }] of this.takenOnce) {
      if (expiresMs > nowMs) break;
      this.takenOnce.delete(key);
      forgot = true;
    }
    return forgot;
  }

  /** Lets those who wait take what there is. */
  serveWaiters(): void {
    for (const waiter of this.waiters) {
      if (!this.backlog.ready) return;
      if (waiter()) this.waiters.delete(waiter);
    }
  }
}

/** Positions removed by one commit: a transaction of some milliseconds. */
const REMOVAL_CHUNK = 5000;

/** Forgets messages in memory and in the store; all or, if the disk refuses, some of them. */
export async function removeMessages(
  queue: Queue,
  store: MessageStore,
  messages: readonly Message[],
): Promise<void> {
  for (let from = 0; from < messages.length; from += REMOVAL_CHUNK) {
    const chunk = messages.slice(from, from + REMOVAL_CHUNK);
    for (const message of chunk) queue.backlog.remove(message);
    await store.commit({ remove: chunk.map(({ position }) => position) });
  }
}
