/**
 * Records that wait for enough others: on disk from the moment `add` resolves until they have been handed on. They
 * are handed on when there are as many bytes as the hints say, or the first has waited as long as they say; where
 * that fails, again and again for a day.
 */
import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { EventQueue, QueuedEvent } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { BufferedRecord } from './buffered-record.ts';
import { bytesOf, decodeRecords, encodeRecords } from './buffered-record.ts';
import type { BufferingHints } from './stream-record.ts';

// From the developer guide, "Handle data delivery failures": S3 is tried for up to 24 hours; the pace is not told.
const MAX_RETRY_MS = 24 * 3_600_000;
const BACK_OFF: BackOff = { firstMs: 1_000, maxMs: 60_000 };
const BYTES_PER_MB = 1024 * 1024;
/** Stored events read at once; each holds the records of one request. */
const MAX_READ_EVENTS = 10_000;
const RESUME_PAGE_BYTES = 4 * BYTES_PER_MB;

export interface RecordBufferDependencies {
  readonly queue: EventQueue;
  readonly clock: WorkClock;
  readonly log: Log;
  hints(): BufferingHints;
  /** Takes records off the buffer, in the order in which they came; kept where it rejects. */
  handOn(records: readonly BufferedRecord[]): Promise<void>;
}

export class RecordBuffer {
  readonly #name: string;
  readonly #deps: RecordBufferDependencies;
  readonly #work: ClockedWork;
  #bytes = 0;
  #events = 0;
  /** Service time at which the first of them has waited long enough; absent while there is none. */
  #dueMs: number | undefined;
  #timer: Timer | undefined;
  #isRunning = false;
  #latestMs = 0;
  #failures = 0;
  #failedMs = 0;
  #isClosed = false;

  constructor(name: string, deps: RecordBufferDependencies) {
    this.#name = name;
    this.#deps = deps;
    this.#work = new ClockedWork(deps.clock);
  }

  /** Goes on with what an earlier process has left. */
  async resume(): Promise<void> {
    for (let after: QueuedEvent | undefined; ; ) {
      const { events, nextDueMs } = await this.#read(RESUME_PAGE_BYTES, after);
      for (const event of events) this.#count(event.payload.length, decodeRecords(event)[0]!.arrivedMs);
      after = events.at(-1);
      if (nextDueMs === undefined) break;
    }
    this.#proceed();
  }

  /** On disk when it resolves. */
  async add(records: readonly BufferedRecord[]): Promise<void> {
    if (records.length === 0) return;
    const nowMs = this.#deps.clock.now();
    // In the order of these calls, also where the clock of the host was set back.
    this.#latestMs = Math.max(this.#latestMs, nowMs);
    await this.#deps.queue.append({
      queue: this.#name,
      dueMs: this.#latestMs,
      ...encodeRecords(records),
    });
    this.#count(bytesOf(records), nowMs);
    this.#proceed();
  }

  /** Forgets what is held. */
  async discard(): Promise<void> {
    await this.close();
    for (;;) {
      const { events } = await this.#read(BYTES_PER_MB);
      if (events.length === 0) return;
      await this.#remove(events);
    }
  }

  /** Hands nothing more on; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#work.ended();
  }

  #count(bytes: number, arrivedMs: number): void {
    this.#bytes += bytes;
    this.#events += 1;
    this.#dueMs ??= arrivedMs + this.#deps.hints().IntervalInSeconds * 1_000;
  }

  #isDue(): boolean {
    if (this.#events === 0 || this.#dueMs === undefined) return false;
    return this.#bytes >= this.#sizeBytes() || this.#deps.clock.now() >= this.#dueMs;
  }

  #sizeBytes(): number {
    return this.#deps.hints().SizeInMBs * BYTES_PER_MB;
  }

  #proceed(): void {
    if (this.#isRunning || this.#isClosed || this.#failures > 0) return;
    if (this.#isDue()) this.#start();
    else if (this.#dueMs !== undefined) this.#waitUntil(this.#dueMs);
  }

  #waitUntil(dueMs: number): void {
    this.#timer?.cancel();
    if (this.#isClosed) return;
    this.#timer = this.#deps.clock.at(dueMs, () => this.#start());
  }

  #start(): void {
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    this.#timer?.cancel();
    void this.#work.run(() => this.#run());
  }

  async #run(): Promise<void> {
    try {
      await this.#handAllOn();
      this.#failures = 0;
      this.#isRunning = false;
      this.#proceed();
    } catch (error) {
      this.#isRunning = false;
      this.#failed(error);
    }
  }

  async #handAllOn(): Promise<void> {
    const { clock } = this.#deps;
    const isLate = this.#dueMs !== undefined && clock.now() >= this.#dueMs;
    // Where time is up, all that is there now goes; where it is about size, as much as there is of whole buffers.
    let rest = isLate ? this.#events : 0;
    while (!this.#isClosed && (rest > 0 || this.#bytes >= this.#sizeBytes())) {
      const { events } = await this.#read(this.#sizeBytes());
      if (events.length === 0) break;
      await this.#handOn(events);
      await this.#remove(events);
      rest -= events.length;
    }
    const intervalMs = this.#deps.hints().IntervalInSeconds * 1_000;
    this.#dueMs = this.#events > 0 ? clock.now() + intervalMs : undefined;
  }

  async #handOn(events: readonly QueuedEvent[]): Promise<void> {
    try {
      await this.#deps.handOn(events.flatMap(decodeRecords));
      this.#failures = 0;
    } catch (error) {
      const nowMs = this.#deps.clock.now();
      if (this.#failures === 0 || nowMs - this.#failedMs < MAX_RETRY_MS) throw error;
      this.#failures = 0;
      const about = { buffer: this.#name, error: String(error) };
      this.#deps.log.error(
        about,
        'Records of Firehose could not be delivered for 24 hours; they are dropped.',
      );
    }
  }

  #failed(error: unknown): void {
    const { clock, log } = this.#deps;
    if (this.#failures === 0) {
      this.#failedMs = clock.now();
      const about = { buffer: this.#name, error: String(error) };
      log.warn(about, 'Records of Firehose could not be delivered; they are tried again.');
    }
    this.#failures += 1;
    this.#waitUntil(clock.now() + backOffMs(BACK_OFF, this.#failures));
  }

  #read(maxBytes: number, after?: QueuedEvent) {
    return this.#deps.queue.read(this.#name, {
      ...(after === undefined ? {} : { after }),
      untilMs: Number.MAX_SAFE_INTEGER,
      maxEvents: MAX_READ_EVENTS,
      maxBytes,
    });
  }

  async #remove(events: readonly QueuedEvent[]): Promise<void> {
    await Promise.all(events.map((event) => this.#deps.queue.remove(this.#name, event)));
    this.#events -= events.length;
    for (const { payload } of events) this.#bytes -= payload.length;
  }
}
