/** Takes messages out of queues: receipts, long polls, visibility, deletion. */
import type { WorkClock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { MessageStore } from '../../ports/message-store.ts';
import type { Claim } from './claim.ts';
import { claimed, refuseTooManyInFlight } from './claim.ts';
import type { Message, MessageContent } from './message.ts';
import { messageTimes } from './message.ts';
import type { MessageBroker } from './message-broker.ts';
import type { Queue } from './queue.ts';
import { decodeReceipt, encodeReceipt } from './receipt-handle.ts';
import { expiredReceiptHandle, invalidValue, queueDoesNotExist } from './sqs-errors.ts';

export interface ReceivedMessage {
  readonly message: Message;
  readonly content: MessageContent;
  readonly receiptHandle: string;
}

export interface ReceiveOptions {
  readonly max: number;
  readonly visibilityMs: number;
  /** How long to wait for a first message, in real time: a socket waits. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** From the receipt on. Source: "Amazon SQS visibility timeout". */
const MAX_VISIBILITY_MS = 12 * 3_600_000;

export interface ReceiverDependencies {
  readonly store: MessageStore;
  readonly clock: WorkClock;
  readonly broker: MessageBroker;
  /** The queue that an ARN names, if it exists. */
  readonly queueByArn: (arn: string) => Queue | undefined;
}

export class Receiver {
  private readonly options: ReceiverDependencies;
  private readonly polls = new Set<() => void>();

  constructor(options: ReceiverDependencies) {
    this.options = options;
  }

  async receive(queue: Queue, options: ReceiveOptions): Promise<ReceivedMessage[]> {
    const { clock } = this.options;
    queue.backlog.settle(clock.now());
    refuseTooManyInFlight(queue);
    const deadlineMs = clock.monotonic() + options.waitMs;
    for (;;) {
      const claim = await this.claimOrWait(queue, options, deadlineMs - clock.monotonic());
      if (queue.isDeleted) throw queueDoesNotExist();
      if (claim === undefined) return [];
      const settled = this.settle(queue, claim);
      clock.during(afterATurn(settled));
      const received = await settled;
      if (received.length > 0) return received;
    }
  }

  /** Answers every long poll now, with what it has. */
  endPolls(): void {
    for (const end of this.polls) end();
  }

  /** Deletes what the handles name, those of which all is well; the others' errors come back. */
  async delete(queue: Queue, handles: readonly string[]): Promise<(AwsError | undefined)[]> {
    const found: Message[] = [];
    const outcomes = handles.map((handle) =>
      attempt(() => {
        const message = this.byHandle(queue, handle);
        if (message !== undefined) found.push(message);
      }),
    );
    // Not gone before the disk says so: a failure must not unblock a group or hide a message.
    if (found.length > 0) {
      await this.options.store.commit({ remove: found.map(({ position }) => position) });
      for (const message of found) queue.backlog.remove(message);
      this.options.broker.expect(queue);
    }
    return outcomes;
  }

  async changeVisibility(
    queue: Queue,
    changes: readonly { readonly handle: string; readonly timeoutMs: number }[],
  ): Promise<(AwsError | undefined)[]> {
    const nowMs = this.options.clock.now();
    queue.backlog.settle(nowMs);
    const changed: { message: Message; receiveCount: number; dueMs: number }[] = [];
    const outcomes = changes.map(({ handle, timeoutMs }) =>
      attempt(() => {
        const message = this.inFlight(queue, handle);
        const dueMs = nowMs + timeoutMs;
        if (dueMs > message.receivedMs + MAX_VISIBILITY_MS) {
          throw invalidValue(
            timeoutMs / 1000,
            'VisibilityTimeout',
            'Total VisibilityTimeout for the message is beyond the limit [43200 seconds]',
          );
        }
        changed.push({ message, receiveCount: message.receiveCount, dueMs });
      }),
    );
    if (changed.length === 0) return outcomes;
    await this.options.store.commit({
      update: changed.map(({ message, dueMs }) => ({ ...messageTimes(message), dueMs })),
    });
    for (const { message, receiveCount, dueMs } of changed) {
      const isSameReceipt = message.state === 'inFlight' && message.receiveCount === receiveCount;
      if (isSameReceipt) queue.backlog.postpone(message, dueMs);
    }
    this.options.broker.expect(queue);
    return outcomes;
  }

  /** The message in flight under this handle; throws in AWS's words for each way in which it is not. */
  private inFlight(queue: Queue, handle: string): Message {
    const message = this.byHandle(queue, handle);
    if (message === undefined) {
      throw invalidValue(
        handle,
        'ReceiptHandle',
        'Message does not exist or is not available for visibility timeout change.',
      );
    }
    if (message.state !== 'inFlight') {
      throw new AwsError('MessageNotInflight', 'The specified message is not in flight.');
    }
    return message;
  }

  /**
   * A standard queue takes every handle a message ever had, a FIFO queue only that of the receipt that
   * is still in flight. Undefined for a message that is gone.
   */
  private byHandle(queue: Queue, handle: string): Message | undefined {
    const receipt = decodeReceipt(handle, queue.record.id);
    queue.backlog.settle(this.options.clock.now());
    const message = queue.backlog.find(receipt.position);
    const isLatest = message?.state === 'inFlight' && message.receiveCount === receipt.receiveCount;
    if (message !== undefined && queue.settings.isFifo && !isLatest) throw expiredReceiptHandle(handle);
    return message;
  }

  /** Claims at once, or as soon as there is something; undefined when the time is over. */
  private claimOrWait(queue: Queue, options: ReceiveOptions, waitMs: number): Promise<Claim | undefined> {
    queue.backlog.settle(this.options.clock.now());
    const claim = this.claim(queue, options);
    if (claim !== undefined) return Promise.resolve(claim);
    const { signal } = options;
    if (waitMs <= 0 || signal.aborted || queue.isDeleted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const end = (taken?: Claim): void => {
        clearTimeout(timer);
        this.polls.delete(end);
        queue.waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
        resolve(taken);
      };
      const onAbort = (): void => end();
      const waiter = (): boolean => {
        const taken = queue.isDeleted ? undefined : this.claim(queue, options);
        if (taken !== undefined || queue.isDeleted) end(taken);
        return taken !== undefined;
      };
      const timer = Number.isFinite(waitMs) ? setTimeout(end, waitMs, undefined) : undefined;
      signal.addEventListener('abort', onAbort, { once: true });
      this.polls.add(end);
      queue.waiters.add(waiter);
      this.options.broker.expect(queue);
    });
  }

  private claim(queue: Queue, { max, visibilityMs }: ReceiveOptions): Claim | undefined {
    const { redrive } = queue.settings;
    const mayDie =
      redrive !== undefined && this.options.queueByArn(redrive.deadLetterTargetArn) !== undefined;
    return claimed(queue, max, this.options.clock.now(), visibilityMs, mayDie);
  }

  /** Stores what a claim did, so that it is still so after a crash, and reads the contents. */
  private async settle(queue: Queue, { taken, dead, expired }: Claim): Promise<ReceivedMessage[]> {
    const { store, broker, queueByArn } = this.options;
    const queueId = queue.record.id;
    const receipts = taken.map(({ position, receiveCount }) => ({ queueId, position, receiveCount }));
    const deadLetters = queueByArn(queue.settings.redrive?.deadLetterTargetArn ?? '');
    const [stored, moved] = await Promise.allSettled([
      store.commit({
        receive: taken.map(messageTimes),
        remove: expired.map(({ position }) => position),
      }),
      dead.length > 0 && deadLetters !== undefined
        ? broker.move(dead, deadLetters, ({ header }) => ({ header: { ...header, sourceArn: queue.arn } }))
        : undefined,
    ]);
    if (moved.status === 'rejected') {
      this.takeBack(queue, taken, dead);
      throw moved.reason;
    }
    if (stored.status === 'rejected') {
      this.takeBack(queue, taken, []);
      throw stored.reason;
    }
    const contents = stored.value;
    return taken.flatMap((message, index) => {
      const content = contents[index];
      // Deleted by an earlier handle in the meantime.
      if (content === undefined) return [];
      const receiptHandle = encodeReceipt(receipts[index]!);
      return [{ message, content: JSON.parse(content) as MessageContent, receiptHandle }];
    });
  }

  /** The disk refused: nobody has received or moved them. */
  private takeBack(queue: Queue, taken: readonly Message[], dead: readonly Message[]): void {
    const nowMs = this.options.clock.now();
    for (const message of taken) {
      if (message.state === 'inFlight') queue.backlog.postpone(message, nowMs);
    }
    for (const message of dead) queue.backlog.add({ ...message, state: 'available', dueMs: nowMs });
    this.options.broker.expect(queue);
  }
}

/** The clock is held until whoever has waited for messages had a turn to say that it works on them. */
async function afterATurn(work: Promise<unknown>): Promise<void> {
  await work;
  await new Promise(setImmediate);
}

function attempt(work: () => void): AwsError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}
