import type { Clock, Timer } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Deduplication, MessageStore, NewMessage } from '../../ports/message-store.ts';
import type { Message, MessageContent } from './message.ts';
import { messageTimes, newMessage, restoredMessage, storedMessage } from './message.ts';
import type { Queue, SentMessage } from './queue.ts';
import { removeMessages } from './queue.ts';

/** A message to be put into a queue, all checks done. */
export interface Draft {
  readonly content: MessageContent;
  readonly groupId?: string | undefined;
  /** What the queue takes once within five minutes; absent: every time. */
  readonly deduplicationKey?: string | undefined;
  readonly delayMs: number;
}

/** Source: "Exactly-once processing in Amazon SQS": the deduplication interval. */
const DEDUPLICATION_MS = 5 * 60_000;
/** How far apart two sweeps for expired messages are at least; whoever receives meets none in between. */
const SWEEP_INTERVAL_MS = 60_000;
/** Sequence numbers have twenty digits on AWS; ours are this plus the position. */
const SEQUENCE_BASE = 18_850_000_000_000_000_000n;

export interface MessageBrokerDependencies {
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Puts messages into queues, and takes them out again when they have expired. */
export class MessageBroker {
  private readonly store: MessageStore;
  private readonly clock: Clock;
  private readonly ids: Ids;
  private lastPosition: number;
  private readonly sweeps = new Map<Queue, Timer>();
  private readonly alarms = new Map<Queue, { readonly dueMs: number; readonly timer: Timer }>();

  constructor({ store, clock, ids }: MessageBrokerDependencies) {
    this.store = store;
    this.clock = clock;
    this.ids = ids;
    this.lastPosition = store.lastPosition;
  }

  /** What an earlier server left; of queues that do not exist any more it is removed. */
  async restore(queues: ReadonlyMap<string, Queue>): Promise<void> {
    const nowMs = this.clock.now();
    for await (const page of this.store.messages()) {
      const orphans: number[] = [];
      for (const stored of page) {
        const queue = queues.get(stored.queueId);
        if (queue === undefined) orphans.push(stored.position);
        else queue.backlog.add(restoredMessage(stored, nowMs));
      }
      if (orphans.length > 0) await this.store.commit({ remove: orphans });
    }
    for (const { queueId, key, value, expiresMs } of await this.store.deduplications()) {
      const sent = JSON.parse(value) as SentMessage;
      if (expiresMs > nowMs) {
        queues.get(queueId)?.takenOnce.set(key, { sent, expiresMs, stored: Promise.resolve() });
      }
    }
    for (const queue of queues.values()) this.expect(queue);
  }

  /** Stores all messages, or none; durable when it resolves. What was taken before is answered as it was then. */
  async send(queue: Queue, drafts: readonly Draft[]): Promise<SentMessage[]> {
    const nowMs = this.clock.now();
    const add: NewMessage[] = [];
    const remember: Deduplication[] = [];
    const messages: Message[] = [];
    const waitFor: Promise<unknown>[] = [];
    const forgetBeforeMs = queue.forgetTaken(nowMs) ? nowMs : undefined;
    let storing: (outcome: Promise<unknown>) => void = () => undefined;
    const stored = new Promise<unknown>((resolve) => {
      storing = resolve;
    });
    stored.catch(() => undefined);
    const sent = drafts.map((draft): SentMessage => {
      const key = draft.deduplicationKey;
      const before = key === undefined ? undefined : queue.takenOnce.get(key);
      if (before !== undefined) {
        if (before.stored !== stored) waitFor.push(before.stored);
        return before.sent;
      }
      const message = this.message(queue, draft, nowMs);
      messages.push(message);
      add.push(newMessage(queue.record.id, message, draft.content));
      const { messageId, sequenceNumber } = message.header;
      const answer = sequenceNumber === undefined ? { messageId } : { messageId, sequenceNumber };
      if (key !== undefined) {
        const expiresMs = nowMs + DEDUPLICATION_MS;
        queue.takenOnce.set(key, { sent: answer, expiresMs, stored });
        remember.push({ queueId: queue.record.id, key, value: JSON.stringify(answer), expiresMs });
      }
      return answer;
    });
    if (add.length > 0) {
      const changes = { add, remember, ...(forgetBeforeMs === undefined ? {} : { forgetBeforeMs }) };
      storing(this.store.commit(changes));
      try {
        await stored;
      } catch (error) {
        for (const { key } of remember) queue.takenOnce.delete(key);
        throw error;
      }
      await this.enter(queue, messages);
    }
    await Promise.all(waitFor);
    return sent;
  }

  /**
   * Moves messages, which their own queue must not offer any more, to the end of another one, with what
   * `change` says is new of them. Rejects with nothing stored.
   */
  async move(
    messages: readonly Message[],
    to: Queue,
    change: (message: Message) => Partial<Omit<Message, 'position'>>,
  ): Promise<void> {
    const nowMs = this.clock.now();
    const moved = messages.map((message): Message => {
      this.lastPosition += 1;
      return {
        ...message,
        state: 'available',
        dueMs: nowMs,
        ...change(message),
        position: this.lastPosition,
      };
    });
    const move = moved.map((message, index) => ({
      ...storedMessage(to.record.id, message),
      from: messages[index]!.position,
    }));
    await this.store.commit({ move });
    await this.enter(to, moved);
  }

  /** Moves the end of each delay to what the queue's setting is now. */
  async redelay(queue: Queue): Promise<void> {
    const delayed = [...queue.backlog.all()].filter(({ state }) => state === 'delayed');
    const dueMs = ({ header }: Message): number => header.sentMs + queue.settings.delayMs;
    await this.store.commit({
      update: delayed.map((message) => ({ ...messageTimes(message), dueMs: dueMs(message) })),
    });
    for (const message of delayed) {
      if (message.state === 'delayed') queue.backlog.postpone(message, dueMs(message));
    }
    this.expect(queue);
  }

  /** To be called after messages of the queue have changed, or someone waits for them. */
  expect(queue: Queue): void {
    const nextMs = queue.backlog.settle(this.clock.now());
    if (queue.waiters.size > 0) {
      queue.serveWaiters();
      this.alarm(queue, nextMs);
    }
    if (queue.backlog.size > 0 && !this.sweeps.has(queue)) this.sweepLater(queue, 0);
  }

  /** The retention has changed, or the queue is no more. */
  retentionChanged(queue: Queue): void {
    this.sweeps.get(queue)?.cancel();
    this.sweeps.delete(queue);
    if (!queue.isDeleted) this.expect(queue);
  }

  close(): void {
    for (const timer of this.sweeps.values()) timer.cancel();
    for (const { timer } of this.alarms.values()) timer.cancel();
  }

  private message(queue: Queue, { groupId, delayMs }: Draft, nowMs: number): Message {
    this.lastPosition += 1;
    const position = this.lastPosition;
    const sequenceNumber = queue.settings.isFifo ? sequenceOf(position) : undefined;
    return {
      position,
      header: {
        messageId: this.ids.uuid(),
        sentMs: nowMs,
        ...(groupId === undefined ? {} : { groupId }),
        ...(sequenceNumber === undefined ? {} : { sequenceNumber }),
      },
      state: delayMs > 0 ? 'delayed' : 'available',
      dueMs: nowMs + delayMs,
      receiveCount: 0,
      firstReceivedMs: 0,
      receivedMs: 0,
    };
  }

  /** Makes stored messages part of the queue, if that is still there. */
  private async enter(queue: Queue, messages: readonly Message[]): Promise<void> {
    if (queue.isDeleted) {
      await this.store.commit({ remove: messages.map(({ position }) => position) });
      return;
    }
    for (const message of messages) queue.backlog.add(message);
    this.expect(queue);
  }

  /** While someone waits: when the next message falls due they get it. */
  private alarm(queue: Queue, dueMs: number | undefined): void {
    const current = this.alarms.get(queue);
    if (current?.dueMs === dueMs) return;
    current?.timer.cancel();
    this.alarms.delete(queue);
    if (dueMs === undefined || queue.waiters.size === 0) return;
    const timer = this.clock.at(dueMs, () => {
      this.alarms.delete(queue);
      this.expect(queue);
    });
    this.alarms.set(queue, { dueMs, timer });
  }

  private sweepLater(queue: Queue, earliestMs: number): void {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { header } of queue.backlog.all()) oldestMs = Math.min(oldestMs, header.sentMs);
    const dueMs = Math.max(oldestMs + queue.settings.retentionMs, earliestMs);
    this.sweeps.set(
      queue,
      this.clock.at(dueMs, async () => {
        this.sweeps.delete(queue);
        const nowMs = this.clock.now();
        const expired = [...queue.backlog.all()].filter((message) => queue.isExpired(message, nowMs));
        await removeMessages(queue, this.store, expired);
        if (queue.backlog.size > 0 && !queue.isDeleted) this.sweepLater(queue, nowMs + SWEEP_INTERVAL_MS);
      }),
    );
  }
}

function sequenceOf(position: number): string {
  return String(SEQUENCE_BASE + BigInt(position));
}
