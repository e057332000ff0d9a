/**
 * Where environments write: lines are gathered and stored in groups, one write at a time.
 *
 * An idle server stores a line within about `QUIET_DELAY_MS`; when a write held many events the
 * next one waits until `BUSY_INTERVAL_MS` after it began, so that load makes writes larger and not
 * more frequent. These delays pace real disk and are no service time. A process that is killed loses what
 * is held: the lines of that time, and while the disk does not keep up as much as `MAX_HELD_CHARS`.
 */
import type { Clock } from '../../core/clock.ts';
import { PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { LogEvent, LogSink, LogStreamAddress } from '../../ports/log-sink.ts';
import type { StreamLog } from '../../ports/stream-log.ts';
import type { Groups, LogGroupRecord } from './groups.ts';

const QUIET_DELAY_MS = 5;
const BUSY_INTERVAL_MS = 40;
/** A write of at least so many events makes the server count as busy. */
const BUSY_EVENTS = 64;
/** After a write failed (a full disk) the same events are tried again so much later. */
const RETRY_DELAY_MS = 1_000;
/** Characters held while the disk does not keep up; what comes beyond is dropped and counted. */
export const MAX_HELD_CHARS = 64 * 1024 * 1024;
/** What an event counts beyond its message: about what its string, its time and their places take. */
export const EVENT_OVERHEAD_CHARS = 64;
/** Characters of one write. It is copied on its way to the disk, so this bounds those copies too. */
export const MAX_WRITE_CHARS = 8 * 1024 * 1024;

export interface EventListener {
  /** Told of events at the moment they come, before they are stored. */
  taken(group: LogGroupRecord, stream: string, events: readonly LogEvent[], ingestedMs: number): void;
  /** Told the id of a group of which events have been stored. */
  stored(groupId: string): void;
}

interface Pending {
  readonly group: string;
  readonly stream: string;
  readonly ingestedMs: number;
  readonly timestampsMs: number[];
  readonly messages: string[];
  /** Of the messages with their overhead. */
  chars: number;
}

export class LogBuffer implements LogSink {
  readonly #groups: Groups;
  readonly #store: StreamLog;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listener: EventListener;
  /** What is not stored and not being written, in the order in which it is to be written. */
  #queue: Pending[] = [];
  /** Of each stream the part of the queue that takes more; keys are group id and stream. */
  readonly #open = new Map<string, Pending>();
  /** The last write failed; what it held is at the head of the queue again. */
  #failing = false;
  #heldChars = 0;
  #dropped = 0;
  /** Events ever taken, and of those how many are stored (or were dropped with their group). */
  #taken = 0;
  #settled = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<unknown> | undefined;
  #notBeforeMs = 0;

  constructor(groups: Groups, store: StreamLog, clock: Clock, log: Log, listener: EventListener) {
    this.#groups = groups;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#listener = listener;
  }

  append(address: LogStreamAddress, events: readonly LogEvent[]): void {
    if (events.length === 0) return;
    const group = this.#groups.ensure(address, address.group);
    for (const event of events) this.#hold(group.id, address.stream, event);
    this.#listener.taken(group, address.stream, events, this.#clock.now());
    this.#schedule();
  }

  /** Rejects when they could not be stored now; they are kept and tried again. */
  async flush(): Promise<void> {
    const target = this.#taken;
    while (this.#settled < target) {
      if (this.#writing) await this.#writing;
      else await this.#write();
      if (this.#failing) {
        throw new PlatformError(
          'log events could not be stored; they are kept and tried again',
          'See the log.',
        );
      }
    }
  }

  /** For readers: stores what is held if it can be stored, so that they see it. */
  async settle(): Promise<void> {
    // A failure is reported and retried by the buffer; it must not keep anyone from reading the rest.
    await this.flush().catch(() => undefined);
  }

  /** Forgets what is held for a group, or one stream of it, that is being deleted. */
  discard(group: string, stream?: string): void {
    const gone = (held: Pending) => held.group === group && (stream === undefined || held.stream === stream);
    for (const [key, pending] of this.#open) if (gone(pending)) this.#open.delete(key);
    this.#settle(this.#queue.filter(gone));
    this.#queue = this.#queue.filter((held) => !gone(held));
  }

  /** Stores what is held; gives up on what cannot be stored. */
  async close(): Promise<void> {
    await this.flush().catch((error: unknown) => {
      this.#log.error({ err: error, events: this.#taken - this.#settled }, 'log events were lost at the end');
    });
    clearTimeout(this.#timer);
    this.#notBeforeMs = Number.POSITIVE_INFINITY;
  }

  #hold(group: string, stream: string, { timestampMs, message }: LogEvent): void {
    const chars = message.length + EVENT_OVERHEAD_CHARS;
    if (this.#heldChars + chars > MAX_HELD_CHARS) {
      this.#dropped += 1;
      return;
    }
    const pending = this.#pendingOf(group, stream, chars);
    pending.timestampsMs.push(timestampMs);
    pending.messages.push(message);
    pending.chars += chars;
    this.#heldChars += chars;
    this.#taken += 1;
  }

  #pendingOf(group: string, stream: string, chars: number): Pending {
    const key = `${group}\0${stream}`;
    const open = this.#open.get(key);
    if (open && open.chars + chars <= MAX_WRITE_CHARS) return open;
    const ingestedMs = this.#clock.now();
    const pending: Pending = { group, stream, ingestedMs, timestampsMs: [], messages: [], chars: 0 };
    this.#open.set(key, pending);
    this.#queue.push(pending);
    return pending;
  }

  #schedule(): void {
    if (this.#timer || this.#writing || this.#notBeforeMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(QUIET_DELAY_MS, this.#notBeforeMs - this.#clock.monotonic());
    this.#timer = setTimeout(() => void this.#write(), delayMs);
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batches = this.#next();
    const startMs = this.#clock.monotonic();
    const events = batches.reduce((sum, batch) => sum + batch.messages.length, 0);
    this.#notBeforeMs = events >= BUSY_EVENTS ? startMs + BUSY_INTERVAL_MS : 0;
    const groupsStored = this.#groups.onDemandStored ?? Promise.resolve();
    const writing = groupsStored
      .then(() => this.#store.append(batches))
      .then(
        () => this.#stored(batches),
        (error: unknown) => this.#failed(batches, error),
      );
    this.#writing = writing;
    return writing;
  }

  /** Takes from the queue what one write may hold, at least one part of it. */
  #next(): Pending[] {
    let chars = 0;
    let count = 0;
    for (const pending of this.#queue) {
      chars += pending.chars;
      if (count > 0 && chars > MAX_WRITE_CHARS) break;
      count += 1;
    }
    const batches = this.#queue.splice(0, count);
    for (const batch of batches) {
      const key = `${batch.group}\0${batch.stream}`;
      if (this.#open.get(key) === batch) this.#open.delete(key);
    }
    return batches;
  }

  #stored(batches: readonly Pending[]): void {
    this.#writing = undefined;
    this.#failing = false;
    this.#settle(batches);
    for (const { group } of batches) this.#listener.stored(group);
    if (this.#dropped > 0) {
      this.#log.warn({ events: this.#dropped }, 'log events were dropped while the disk did not keep up');
      this.#dropped = 0;
    }
    if (this.#queue.length > 0) this.#schedule();
  }

  #failed(batches: readonly Pending[], error: unknown): void {
    this.#writing = undefined;
    if (!this.#failing) {
      this.#log.error({ err: error }, 'log events cannot be stored; trying again every second');
    }
    this.#failing = true;
    this.#queue.unshift(...batches);
    this.#notBeforeMs = this.#clock.monotonic() + RETRY_DELAY_MS;
    this.#schedule();
  }

  #settle(batches: readonly Pending[]): void {
    for (const batch of batches) {
      this.#settled += batch.messages.length;
      this.#heldChars -= batch.chars;
    }
  }
}
