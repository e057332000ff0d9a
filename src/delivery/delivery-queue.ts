/**
 * Deliveries to one receiver, or of one message group to it, on their way from the disk. Ordered ones
 * wait for the one before them, however often that is tried; others overtake one another.
 */
import type { Timer, WorkClock } from '../core/clock.ts';
import { ClockedWork } from '../core/clocked-work.ts';
import type { EventQueue, QueuedEvent } from '../ports/event-queue.ts';
import type { Log } from '../ports/log.ts';

/** At once, to one receiver. */
const MAX_IN_FLIGHT = 20;
const MAX_READ_BYTES = 4 * 1024 * 1024;
/** Where a disk has refused, it is asked again this much later. */
const DISK_AGAIN_MS = 1_000;
/** A delivery that cannot even be attempted, which is a fault of this program, waits this long and does not stop others. */
const FAULT_AGAIN_MS = 60_000;

/** What is to become of a delivery; `note` is for its next attempt. */
export type Outcome =
  | { readonly end: 'done' }
  | { readonly end: 'again'; readonly delayMs: number; readonly note: string };

export interface DeliveryQueueDependencies {
  readonly clock: WorkClock;
  readonly queue: EventQueue;
  readonly log: Log;
  /** Never rejects for what the receiver does; what it throws is a fault of this program. */
  attempt(event: QueuedEvent): Promise<Outcome>;
  /** Nothing is left that this process knows of. */
  idle(): void;
}

export class DeliveryQueue {
  private readonly name: string;
  private readonly isOrdered: boolean;
  private readonly deps: DeliveryQueueDependencies;
  /** Under way, or waiting in its place for its next attempt. */
  private readonly inFlight = new Set<number>();
  /** Ended while a read was under way, which may have found them still. */
  private readonly ended = new Set<number>();
  private readonly timers = new Set<Timer>();
  private wake: { readonly dueMs: number; readonly timer: Timer } | undefined;
  private hasMore = false;
  private isReading = false;
  /** The last read left some that are due; to be read when one has ended. */
  private isCut = false;
  private latestDueMs = 0;
  /** Attempts, reads and writes under way. */
  private readonly work: ClockedWork;
  private isClosed = false;

  constructor(name: string, isOrdered: boolean, deps: DeliveryQueueDependencies) {
    this.name = name;
    this.isOrdered = isOrdered;
    this.deps = deps;
    this.work = new ClockedWork(deps.clock);
  }

  /** The due time of the next to be appended: none is before another, also where the host's clock was set back. */
  nextDueMs(): number {
    this.latestDueMs = Math.max(this.latestDueMs, this.deps.clock.now());
    return this.latestDueMs;
  }

  /** One that has just been appended. */
  accept(event: QueuedEvent): void {
    const isIdle = !this.hasMore && !this.isReading && !this.inFlight.has(event.id);
    if (isIdle && this.hasRoom() && !this.isClosed) this.begin(event);
    else this.resume();
  }

  /** Looks for deliveries on the disk. */
  resume(): void {
    this.hasMore = true;
    this.pump();
  }

  /** Begins nothing more; resolves when what runs has ended, and what became of it is on disk. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.wake?.timer.cancel();
    for (const timer of this.timers) timer.cancel();
    await this.work.ended();
  }

  private hasRoom(): boolean {
    return this.inFlight.size < (this.isOrdered ? 1 : MAX_IN_FLIGHT);
  }

  private pump(): void {
    if (this.isClosed || this.isReading) return;
    if (this.hasMore && this.hasRoom()) void this.work.run(() => this.read());
    else if (!this.hasMore && this.inFlight.size === 0 && this.wake === undefined) this.deps.idle();
  }

  private async read(): Promise<void> {
    const { clock, queue, log } = this.deps;
    this.isReading = true;
    this.hasMore = false;
    this.isCut = false;
    try {
      const untilMs = Math.max(clock.now(), this.latestDueMs);
      const { events, nextDueMs } = await queue.read(this.name, {
        untilMs,
        maxEvents: this.isOrdered ? 1 : MAX_IN_FLIGHT * 2,
        maxBytes: MAX_READ_BYTES,
      });
      for (const event of events) {
        if (this.inFlight.has(event.id) || this.ended.has(event.id)) continue;
        if (this.hasRoom()) this.begin(event);
        else this.isCut = true;
      }
      if (nextDueMs !== undefined && nextDueMs > untilMs) this.wakeAt(nextDueMs);
      else if (nextDueMs !== undefined) this.isCut = true;
    } catch (error) {
      log.error({ queue: this.name, error: String(error) }, 'Deliveries could not be read.');
      this.wakeAt(clock.now() + DISK_AGAIN_MS);
    } finally {
      this.isReading = false;
      this.ended.clear();
    }
    this.pump();
  }

  private begin(event: QueuedEvent): void {
    if (this.isClosed) return;
    this.inFlight.add(event.id);
    void this.work.run(() => this.run(event));
  }

  private async run(event: QueuedEvent): Promise<void> {
    let current = event;
    let outcome = await this.attempt(current);
    while (outcome.end === 'again' && outcome.delayMs <= 0 && !this.isClosed) {
      current = { ...current, note: outcome.note };
      outcome = await this.attempt(current);
    }
    if (outcome.end === 'done' || !this.isOrdered) return this.settle(event, outcome);
    const next = { ...current, note: outcome.note };
    this.later(outcome.delayMs, () => this.run(next));
  }

  private async attempt(event: QueuedEvent): Promise<Outcome> {
    try {
      return await this.deps.attempt(event);
    } catch (error) {
      this.deps.log.error({ queue: this.name, error: String(error) }, 'A delivery could not be attempted.');
      return { end: 'again', delayMs: FAULT_AGAIN_MS, note: event.note };
    }
  }

  /** It stays in flight until the disk has taken what became of it: the receiver is not asked again meanwhile. */
  private async settle(event: QueuedEvent, outcome: Outcome): Promise<void> {
    try {
      if (outcome.end === 'done') await this.deps.queue.remove(this.name, event);
      else await this.postpone(event, outcome);
    } catch (error) {
      this.deps.log.error(
        { queue: this.name, error: String(error) },
        'The outcome of a delivery is not stored.',
      );
      return this.later(DISK_AGAIN_MS, () => this.settle(event, outcome));
    }
    this.inFlight.delete(event.id);
    if (this.isReading) this.ended.add(event.id);
    this.hasMore ||= this.isCut;
    this.pump();
  }

  private later(delayMs: number, task: () => Promise<void>): void {
    if (this.isClosed) return;
    const timer = this.deps.clock.at(this.deps.clock.now() + delayMs, () => {
      this.timers.delete(timer);
      return this.work.run(task);
    });
    this.timers.add(timer);
  }

  private async postpone(event: QueuedEvent, { delayMs, note }: Extract<Outcome, { end: 'again' }>) {
    const dueMs = Math.max(this.deps.clock.now(), this.latestDueMs) + Math.max(1, delayMs);
    await this.deps.queue.postpone(this.name, event, dueMs, note);
    this.wakeAt(dueMs);
  }

  private wakeAt(dueMs: number): void {
    if (this.isClosed || (this.wake !== undefined && this.wake.dueMs <= dueMs)) return;
    this.wake?.timer.cancel();
    const timer = this.deps.clock.at(dueMs, () => {
      this.wake = undefined;
      this.resume();
    });
    this.wake = { dueMs, timer };
  }
}
