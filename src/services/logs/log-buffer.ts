/**
 * Where environments write: lines are gathered and stored in groups, one write at a time.
 *
 * An idle server stores a line within about `QUIET_DELAY_MS`; when a write held many events the
 * next one waits until `BUSY_INTERVAL_MS` after it began, so that load makes writes larger and not
 * more frequent. These delays pace real disk and are no service time.
 */
import type { Clock } from '../../core/clock.ts';
import { PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { LogEvent, LogSink, LogStreamAddress } from '../../ports/log-sink.ts';
import type { StreamBatch, StreamLog } from '../../ports/stream-log.ts';
import type { Groups, LogGroupRecord } from './groups.ts';

const QUIET_DELAY_MS = 5;
const BUSY_INTERVAL_MS = 40;
/** A write of at least so many events makes the server count as busy. */
const BUSY_EVENTS = 64;
/** After a write failed (a full disk) the same events are tried again so much later. */
const RETRY_DELAY_MS = 1_000;
/** Characters held while the disk does not keep up; what comes beyond is dropped and counted. */
const MAX_HELD_CHARS = 64 * 1024 * 1024;

/** Told of events at the moment they come, before they are stored. */
export type EventListener = (
  group: LogGroupRecord,
  stream: string,
  events: readonly LogEvent[],
  ingestedMs: number,
) => void;

interface Pending {
  readonly group: string;
  readonly stream: string;
  readonly ingestedMs: number;
  readonly timestampsMs: number[];
  readonly messages: string[];
}

export class LogBuffer implements LogSink {
  readonly #groups: Groups;
  readonly #store: StreamLog;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listener: EventListener;
  /** Of each stream what came since the last write began; keys are group id and stream. */
  #pending = new Map<string, Pending>();
  /** What the last write failed to store. */
  #unstored: readonly StreamBatch[] = [];
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
    const pending = this.#pendingOf(group.id, address.stream);
    for (const { timestampMs, message } of events) {
      if (this.#heldChars + message.length > MAX_HELD_CHARS) {
        this.#dropped += 1;
        continue;
      }
      pending.timestampsMs.push(timestampMs);
      pending.messages.push(message);
      this.#heldChars += message.length;
      this.#taken += 1;
    }
    this.#listener(group, address.stream, events, pending.ingestedMs);
    this.#schedule();
  }

  /** Rejects when they could not be stored now; they are kept and tried again. */
  async flush(): Promise<void> {
    const target = this.#taken;
    while (this.#settled < target) {
      if (this.#writing) await this.#writing;
      else await this.#write();
      if (this.#unstored.length > 0) {
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
    for (const [key, pending] of this.#pending) {
      if (pending.group !== group || (stream !== undefined && pending.stream !== stream)) continue;
      this.#pending.delete(key);
      this.#settle([pending]);
    }
    if (this.#writing) return;
    const gone = (batch: StreamBatch) =>
      batch.group === group && (stream === undefined || batch.stream === stream);
    this.#settle(this.#unstored.filter(gone));
    this.#unstored = this.#unstored.filter((batch) => !gone(batch));
  }

  /** Stores what is held; gives up on what cannot be stored. */
  async close(): Promise<void> {
    await this.flush().catch((error: unknown) => {
      this.#log.error({ err: error, events: this.#taken - this.#settled }, 'log events were lost at the end');
    });
    clearTimeout(this.#timer);
    this.#notBeforeMs = Number.POSITIVE_INFINITY;
  }

  #pendingOf(group: string, stream: string): Pending {
    const key = `${group}\0${stream}`;
    let pending = this.#pending.get(key);
    if (!pending) {
      pending = { group, stream, ingestedMs: this.#clock.now(), timestampsMs: [], messages: [] };
      this.#pending.set(key, pending);
    }
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
    const batches = [...this.#unstored, ...this.#pending.values()];
    this.#pending = new Map();
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

  #stored(batches: readonly StreamBatch[]): void {
    this.#writing = undefined;
    this.#unstored = [];
    this.#settle(batches);
    if (this.#dropped > 0) {
      this.#log.warn({ events: this.#dropped }, 'log events were dropped while the disk did not keep up');
      this.#dropped = 0;
    }
    if (this.#pending.size > 0) this.#schedule();
  }

  #failed(batches: readonly StreamBatch[], error: unknown): void {
    this.#writing = undefined;
    if (this.#unstored.length === 0) {
      this.#log.error({ err: error }, 'log events cannot be stored; trying again every second');
    }
    this.#unstored = batches;
    this.#notBeforeMs = this.#clock.monotonic() + RETRY_DELAY_MS;
    this.#schedule();
  }

  #settle(batches: readonly StreamBatch[]): void {
    for (const batch of batches) {
      this.#settled += batch.messages.length;
      for (const message of batch.messages) this.#heldChars -= message.length;
    }
  }
}
