/**
 * The events of one function (one qualifier of it) on their way from the disk to their runs. Few are in memory,
 * however many wait: a cursor goes through the queue by due time, and all events up to it are ready, running, done
 * or postponed to a time behind it.
 *
 * How many run at once follows what the function takes: a refusal (throttle, system error) sets the limit to what
 * is running, and where nothing is, the queue rests, longer each time, and then goes on with one event.
 */
import { backOffMs } from '../../core/back-off.ts';
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { EventPosition, EventQueue, QueuedEvent } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import { BACK_OFF, MAX_IN_FLIGHT, MAX_READY_BYTES, MAX_READY_EVENTS } from './event-limits.ts';

/** What is to become of an event; `note` is for its next turn. */
export type Ending =
  | { readonly end: 'done' }
  | { readonly end: 'postponed'; readonly dueMs: number; readonly note: string };

/** And what that says of the function. */
export type Verdict = Ending & {
  /** It took the event; it refused it; or it was not asked, as where an event is too old. */
  readonly taken: 'yes' | 'refused' | 'not asked';
  /** Of a refused event: when it is too old. The queue does not rest beyond that. */
  readonly expiresMs?: number;
};

export interface FunctionQueueDependencies {
  readonly clock: WorkClock;
  readonly queue: EventQueue;
  readonly log: Log;
  /** Never rejects for what the function or its surroundings do. */
  run(event: QueuedEvent): Promise<Verdict>;
}

export class FunctionQueue {
  readonly name: string;
  private readonly deps: FunctionQueueDependencies;
  private ready: QueuedEvent[] = [];
  private readyBytes = 0;
  private cursor: EventPosition | undefined;
  /** Of the events that were appended, and of what reads have asked for. */
  private latestDueMs = 0;
  /** There may be due events behind the cursor; at first those of an earlier process. */
  private hasMore = true;
  private isReading = false;
  private inFlight = 0;
  private limit = MAX_IN_FLIGHT;
  /** Service time before which the limit does not grow. */
  private steadyUntilMs = 0;
  /** In a row. */
  private refusals = 0;
  private rest: Timer | undefined;
  /** When the first of the postponed events is due. */
  private wake: { readonly dueMs: number; readonly timer: Timer } | undefined;
  /** Runs, reads and writes under way. */
  private readonly work: ClockedWork;
  private isClosed = false;
  private isAbandoned = false;

  constructor(name: string, deps: FunctionQueueDependencies) {
    this.name = name;
    this.deps = deps;
    this.work = new ClockedWork(deps.clock);
  }

  /** Events of an earlier process, or whatever else is on disk. */
  resume(): void {
    this.hasMore = true;
    this.pump();
  }

  /** An event that has just been appended with a due time of `nextDueMs`, in the order of these. */
  accept(event: QueuedEvent): void {
    if (this.hasPassed(event)) return;
    const isNext = !this.hasMore && !this.isReading && (this.wake?.dueMs ?? Infinity) > event.dueMs;
    if (isNext && event.dueMs <= this.deps.clock.now() && this.hasRoom()) this.hold(event);
    else if (event.dueMs <= this.deps.clock.now()) this.hasMore = true;
    else this.wakeAt(event.dueMs);
    this.pump();
  }

  /** The due time for the next event to be appended; also where the host's clock was set back, none is before another. */
  nextDueMs(delayMs: number): number {
    this.latestDueMs = Math.max(this.latestDueMs, this.deps.clock.now());
    return this.latestDueMs + delayMs;
  }

  /** Starts nothing more; resolves when what runs now has ended, and what became of it is on disk. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.rest?.cancel();
    this.wake?.timer.cancel();
    this.ready = [];
    await this.work.ended();
  }

  /** Writes nothing more, either: what runs now is found again at the next start. */
  abandon(): void {
    this.isAbandoned = true;
  }

  private pump(): void {
    if (this.isClosed || this.rest !== undefined) return;
    while (this.inFlight < this.limit && this.ready.length > 0) {
      const event = this.ready.shift()!;
      this.readyBytes -= event.payload.length;
      this.inFlight += 1;
      void this.work.run(() => this.handle(event));
    }
    if (this.hasMore && !this.isReading && this.ready.length < MAX_READY_EVENTS / 2)
      void this.work.run(() => this.read());
  }

  private async handle(event: QueuedEvent): Promise<void> {
    const verdict = await this.deps.run(event);
    this.inFlight -= 1;
    if (this.isAbandoned) return;
    if (verdict.taken === 'refused') this.refused(verdict.expiresMs ?? Infinity);
    else if (verdict.taken === 'yes') this.taken();
    this.pump();
    try {
      if (verdict.end === 'done') await this.deps.queue.remove(this.name, event);
      else await this.postpone(event, verdict.dueMs, verdict.note);
    } catch (error) {
      if (this.isAbandoned) return;
      this.deps.log.error(
        { queue: this.name, error: String(error) },
        'What became of an event could not be stored; it runs again after the next start.',
      );
    }
  }

  private async postpone(event: QueuedEvent, dueMs: number, note: string): Promise<void> {
    // Behind whatever the cursor has passed, or passes with the read that is under way.
    const laterMs = Math.max(dueMs, this.nextDueMs(1));
    const stored = this.deps.queue.postpone(this.name, event, laterMs, note);
    // At once, so that the cursor cannot pass it meanwhile; a read that follows comes after the write.
    this.wakeAt(laterMs);
    await stored;
  }

  private taken(): void {
    this.refusals = 0;
    if (this.limit < MAX_IN_FLIGHT && this.deps.clock.now() >= this.steadyUntilMs) this.limit += 1;
  }

  private refused(expiresMs: number): void {
    this.limit = Math.max(1, this.inFlight);
    const nowMs = this.deps.clock.now();
    this.steadyUntilMs = nowMs + BACK_OFF.firstMs;
    if (this.inFlight > 0 || this.rest !== undefined || this.isClosed) return;
    this.refusals += 1;
    this.rest = this.deps.clock.at(Math.min(nowMs + backOffMs(BACK_OFF, this.refusals), expiresMs), () => {
      this.rest = undefined;
      this.pump();
    });
  }

  private async read(): Promise<void> {
    this.isReading = true;
    this.hasMore = false;
    const { clock, queue, log } = this.deps;
    try {
      const { events, nextDueMs } = await queue.read(this.name, {
        ...(this.cursor === undefined ? {} : { after: this.cursor }),
        untilMs: this.nextDueMs(0),
        maxEvents: MAX_READY_EVENTS,
        maxBytes: MAX_READY_BYTES,
      });
      for (const event of events) this.hold(event);
      if (nextDueMs !== undefined) this.wakeAt(nextDueMs);
    } catch (error) {
      if (this.isClosed) return;
      log.error({ queue: this.name, error: String(error) }, 'Events could not be read.');
      this.wakeAt(clock.now() + BACK_OFF.firstMs);
    } finally {
      this.isReading = false;
    }
    this.pump();
  }

  private hold(event: QueuedEvent): void {
    this.ready.push(event);
    this.readyBytes += event.payload.length;
    this.cursor = { dueMs: event.dueMs, id: event.id };
  }

  /** A read that began before the append was answered has found the event. */
  private hasPassed({ dueMs, id }: EventPosition): boolean {
    const { cursor } = this;
    return cursor !== undefined && (cursor.dueMs > dueMs || (cursor.dueMs === dueMs && cursor.id >= id));
  }

  private hasRoom(): boolean {
    return this.ready.length < MAX_READY_EVENTS && this.readyBytes < MAX_READY_BYTES;
  }

  private wakeAt(dueMs: number): void {
    if (this.isClosed) return;
    if (dueMs <= this.deps.clock.now()) {
      this.hasMore = true;
      this.pump();
      return;
    }
    if (this.wake !== undefined && this.wake.dueMs <= dueMs) return;
    this.wake?.timer.cancel();
    const timer = this.deps.clock.at(dueMs, () => {
      this.wake = undefined;
      this.hasMore = true;
      this.pump();
    });
    this.wake = { dueMs, timer };
  }
}
