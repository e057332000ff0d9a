/** Which messages FIFO topics have taken lately, and the numbers they gave them. */
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { StateStore } from '../../ports/state-store.ts';

/** What Publish answers. */
export interface Publication {
  readonly messageId: string;
  /** Of FIFO topics: twenty digits. */
  readonly sequenceNumber?: string;
}

interface Taken extends Publication {
  /** Service time, epoch milliseconds. */
  readonly takenMs: number;
}

const TABLE = 'sns.taken';
/** Source: "Message deduplication for FIFO topics". */
const INTERVAL_MS = 5 * 60 * 1000;
/** Beyond that many the oldest are looked at, whether they can be forgotten. */
const SWEEP_AT = 1_000;
/** Twenty digits, as AWS's numbers have. */
const FIRST_NUMBER = 10n ** 19n;
/** Numbers follow the clock, so that those of a later process are greater; so many fit into a millisecond. */
const NUMBERS_PER_MS = 1n << 20n;

export class TakenMessages {
  private readonly state: StateStore;
  private readonly clock: Clock;
  private readonly ids: Ids;
  /** By topic and deduplication id, the oldest first. */
  private readonly taken = new Map<string, Taken>();
  private readonly underWay = new Map<string, Promise<Publication>>();
  private lastNumber = 0n;

  private constructor(state: StateStore, clock: Clock, ids: Ids) {
    this.state = state;
    this.clock = clock;
    this.ids = ids;
  }

  static async open(state: StateStore, clock: Clock, ids: Ids): Promise<TakenMessages> {
    const messages = new TakenMessages(state, clock, ids);
    const stored = await state.list<Taken>(TABLE);
    stored.sort((a, b) => a.value.takenMs - b.value.takenMs);
    for (const { key, value } of stored) {
      messages.taken.set(key, value);
      const number = BigInt(value.sequenceNumber ?? 0);
      if (number > messages.lastNumber) messages.lastNumber = number;
    }
    return messages;
  }

  /**
   * Publishes unless the same was published within five minutes; what that answered is answered again. It is noted
   * after its deliveries are on disk: were the server to end in between, a repetition is delivered once more,
   * with the same deduplication id, where the other order would lose it.
   */
  once(
    topicArn: string,
    deduplicationId: string,
    publish: (publication: Publication) => Promise<Publication>,
  ): Promise<Publication> {
    const key = `${topicArn}\n${deduplicationId}`;
    const known = this.taken.get(key);
    if (known !== undefined && this.clock.now() < known.takenMs + INTERVAL_MS) {
      return Promise.resolve({ messageId: known.messageId, sequenceNumber: known.sequenceNumber! });
    }
    const running = this.underWay.get(key);
    if (running !== undefined) return running;
    const begun = this.take(key, publish).finally(() => this.underWay.delete(key));
    this.underWay.set(key, begun);
    return begun;
  }

  private async take(
    key: string,
    publish: (publication: Publication) => Promise<Publication>,
  ): Promise<Publication> {
    const publication = { messageId: this.ids.uuid(), sequenceNumber: this.nextNumber() };
    await publish(publication);
    const value: Taken = { ...publication, takenMs: this.clock.now() };
    const forgotten = this.forgettable();
    await this.state.commit([
      { table: TABLE, key, value },
      ...forgotten
        .filter((old) => old !== key)
        .map((old) => ({ table: TABLE, key: old, delete: true as const })),
    ]);
    for (const old of forgotten) this.taken.delete(old);
    // To the end, also where it was there before: it is the youngest now.
    this.taken.delete(key);
    this.taken.set(key, value);
    return publication;
  }

  private nextNumber(): string {
    const byClock = FIRST_NUMBER + BigInt(this.clock.now()) * NUMBERS_PER_MS;
    this.lastNumber = byClock > this.lastNumber ? byClock : this.lastNumber + 1n;
    return String(this.lastNumber);
  }

  private forgettable(): string[] {
    if (this.taken.size < SWEEP_AT) return [];
    const old: string[] = [];
    for (const [key, { takenMs }] of this.taken) {
      if (this.clock.now() < takenMs + INTERVAL_MS) break;
      old.push(key);
    }
    return old;
  }
}
