import { Heap } from '../../core/heap.ts';
import type { DeliveryOrder } from './delivery-order.ts';
import { ArrivalOrder, GroupOrder } from './delivery-order.ts';
import type { Message, MessageState } from './message.ts';

/** When a message's delay or visibility time-out ends; void once the message's own `dueMs` is another. */
interface Due {
  readonly message: Message;
  readonly dueMs: number;
}

/** The messages of one queue, in memory. Times are service time. */
export class Backlog {
  readonly counts: Record<Exclude<MessageState, 'gone'>, number> = { available: 0, delayed: 0, inFlight: 0 };
  private readonly messages = new Map<number, Message>();
  private readonly order: DeliveryOrder;
  private readonly due = new Heap<Due>((a, b) => a.dueMs < b.dueMs);

  constructor(isFifo: boolean) {
    this.order = isFifo ? new GroupOrder() : new ArrivalOrder();
  }

  get size(): number {
    return this.messages.size;
  }

  /** Whether something can be taken; to be asked after `settle`. */
  get ready(): boolean {
    return this.order.ready;
  }

  all(): Iterable<Message> {
    return this.messages.values();
  }

  find(position: number): Message | undefined {
    return this.messages.get(position);
  }

  add(message: Message): void {
    if (message.state === 'gone') return;
    this.messages.set(message.position, message);
    this.counts[message.state] += 1;
    this.order.add(message);
    this.watch(message);
  }

  remove(message: Message): void {
    if (message.state === 'gone') return;
    this.drop(message);
    this.order.removed(message);
  }

  /** Makes available what has become due, and says when the next does. */
  settle(nowMs: number): number | undefined {
    for (;;) {
      const next = this.due.peek();
      if (next === undefined) return undefined;
      const { message, dueMs } = next;
      const isVoid = message.dueMs !== dueMs || (message.state !== 'delayed' && message.state !== 'inFlight');
      if (!isVoid && dueMs > nowMs) return dueMs;
      this.due.pop();
      if (isVoid) continue;
      this.enter(message, 'available');
      this.order.becameAvailable(message);
    }
  }

  /** Puts up to `max` messages in flight until `untilMs`. Those that `isWanted` refuses are gone instead. */
  take(max: number, untilMs: number, isWanted: (message: Message) => boolean): Message[] {
    return this.order.take(max, (message) => {
      if (!isWanted(message)) {
        this.drop(message);
        return false;
      }
      this.enter(message, 'inFlight');
      message.dueMs = untilMs;
      this.watch(message);
      return true;
    });
  }

  /** Moves the end of a delay or visibility time-out; what has become due is available after `settle`. */
  postpone(message: Message, untilMs: number): void {
    message.dueMs = untilMs;
    this.watch(message);
  }

  private drop(message: Message): void {
    if (message.state !== 'gone') this.counts[message.state] -= 1;
    message.state = 'gone';
    this.messages.delete(message.position);
  }

  private watch(message: Message): void {
    if (message.state === 'delayed' || message.state === 'inFlight') {
      this.due.push({ message, dueMs: message.dueMs });
    }
  }

  private enter(message: Message, state: Exclude<MessageState, 'gone'>): void {
    if (message.state !== 'gone') this.counts[message.state] -= 1;
    message.state = state;
    this.counts[state] += 1;
  }
}
