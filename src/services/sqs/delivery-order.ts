import { Heap } from '../../core/heap.ts';
import type { Message } from './message.ts';

/** Which of a queue's available messages come next. It is told of every message and every change. */
export interface DeliveryOrder {
  /** A message that is new in the queue, whatever its state. */
  add(message: Message): void;
  becameAvailable(message: Message): void;
  /** It is gone. */
  removed(message: Message): void;
  /** True where `take` has something to offer. */
  readonly ready: boolean;
  /**
   * Hands out up to `max` messages. Each is shown to `claim` first, which makes it in flight and says
   * true, or gone and says false.
   */
  take(max: number, claim: (message: Message) => boolean): Message[];
}

/** Standard queues: by arrival, as far as that goes. */
export class ArrivalOrder implements DeliveryOrder {
  /** Those available, and some that have gone meanwhile. */
  private readonly waiting = new Heap<Message>((a, b) => a.position < b.position);

  add(message: Message): void {
    if (message.state === 'available') this.waiting.push(message);
  }

  becameAvailable(message: Message): void {
    this.waiting.push(message);
  }

  removed(): void {
    this.dropGone();
  }

  get ready(): boolean {
    return this.waiting.size > 0;
  }

  take(max: number, claim: (message: Message) => boolean): Message[] {
    const taken: Message[] = [];
    while (taken.length < max) {
      const message = this.waiting.pop();
      if (message === undefined) break;
      if (message.state === 'available' && claim(message)) taken.push(message);
    }
    this.dropGone();
    return taken;
  }

  private dropGone(): void {
    for (let next = this.waiting.peek(); next !== undefined && next.state !== 'available'; ) {
      this.waiting.pop();
      next = this.waiting.peek();
    }
  }
}

interface Group {
  readonly id: string;
  /** By position; those gone are skipped. */
  readonly messages: Message[];
  /** Index of the first that may not be gone. */
  start: number;
}

/** Gone messages at the start of a group before its list is cut. */
const CUT_MESSAGES = 256;

/**
 * FIFO queues: from each group its first messages, as many as are available in a row; one that is in
 * flight or delayed holds up all after it. Groups take turns.
 */
export class GroupOrder implements DeliveryOrder {
  private readonly groups = new Map<string, Group>();
  /** Groups whose first message is available, the one that waits longest first. */
  private readonly turns = new Set<Group>();

  add(message: Message): void {
    const id = message.header.groupId ?? '';
    let group = this.groups.get(id);
    if (group === undefined) {
      group = { id, messages: [], start: 0 };
      this.groups.set(id, group);
    }
    insertByPosition(group, message);
    this.consider(group);
  }

  becameAvailable(message: Message): void {
    this.considerGroupOf(message);
  }

  removed(message: Message): void {
    this.considerGroupOf(message);
  }

  get ready(): boolean {
    return this.turns.size > 0;
  }

  take(max: number, claim: (message: Message) => boolean): Message[] {
    const taken: Message[] = [];
    while (taken.length < max) {
      const [group] = this.turns;
      if (group === undefined) break;
      this.turns.delete(group);
      for (let index = group.start; taken.length < max; index += 1) {
        const message = group.messages[index];
        if (message === undefined) break;
        if (message.state === 'gone') continue;
        if (message.state !== 'available') break;
        if (claim(message)) taken.push(message);
      }
      this.consider(group);
    }
    return taken;
  }

  private considerGroupOf(message: Message): void {
    const group = this.groups.get(message.header.groupId ?? '');
    if (group !== undefined) this.consider(group);
  }

  /** Puts the group into or out of the line as its first message says. */
  private consider(group: Group): void {
    const { messages } = group;
    while (messages[group.start]?.state === 'gone') group.start += 1;
    const first = messages[group.start];
    if (first === undefined) {
      this.groups.delete(group.id);
      this.turns.delete(group);
      return;
    }
    if (group.start > CUT_MESSAGES && group.start * 2 > messages.length) {
      messages.splice(0, group.start);
      group.start = 0;
    }
    if (first.state === 'available') this.turns.add(group);
    else this.turns.delete(group);
  }
}

function insertByPosition({ messages, start }: Group, message: Message): void {
  let index = messages.length;
  while (index > start && messages[index - 1]!.position > message.position) index -= 1;
  messages.splice(index, 0, message);
}
