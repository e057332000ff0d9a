import type { Timer, WorkClock } from '../core/clock.ts';
import { parseDuration } from '../core/duration.ts';
import { invariant } from '../core/errors.ts';

/** Service time ends with the year 9999, beyond which dates have forms that AWS clients cannot read. */
export const MAX_SERVICE_TIME_MS = Date.UTC(10_000, 0, 1) - 1;

/** The longest delay `setTimeout` takes, milliseconds; a later due time is waited for in stages. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

interface Scheduled {
  readonly dueMs: number;
  /** Keeps tasks of one due time in the order they were scheduled. */
  readonly sequence: number;
  readonly task: () => void | Promise<void>;
}

export interface ServiceClockOptions {
  /** Milliseconds that service time is ahead of real time at the start. */
  readonly offsetMs: number;
  /** Stores the offset. An advance that cannot be stored does not take place. */
  readonly saveOffset: (offsetMs: number) => Promise<void>;
  readonly onTaskError: (error: unknown) => void;
  /** Service time stands still but for advances. Default: it passes as real time does. */
  readonly frozen?: boolean;
}

/**
 * Real time, or where the clock is frozen the time of the start, plus an offset that only grows; see `Clock`. A task must not itself wait for a later
 * service time (it schedules another task instead): an advance waits for the task.
 */
export class ServiceClock implements WorkClock {
  private offset: number;
  private readonly options: ServiceClockOptions;
  /** Sorted by due time, the next one first. */
  private readonly scheduled: Scheduled[] = [];
  private sequence = 0;
  private timer: NodeJS.Timeout | undefined;
  /** What has begun and not ended: tasks, whether an advance or the passing of time began them, and other work. */
  private readonly running = new Set<Promise<unknown>>();
  /** Real time at which a frozen clock stands. */
  private readonly frozenMs: number | undefined;
  private advancing: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: ServiceClockOptions) {
    this.options = options;
    this.offset = options.offsetMs;
    this.frozenMs = options.frozen === true ? Date.now() : undefined;
  }

  get offsetMs(): number {
    return this.offset;
  }

  now(): number {
    return (this.frozenMs ?? Date.now()) + this.offset;
  }

  monotonic(): number {
    return performance.now();
  }

  at(dueMs: number, task: () => void | Promise<void>): Timer {
    const entry: Scheduled = { dueMs, sequence: this.sequence++, task };
    let index = this.scheduled.length;
    while (index > 0 && this.scheduled[index - 1]!.dueMs > dueMs) index -= 1;
    this.scheduled.splice(index, 0, entry);
    if (index === 0) this.arm();
    return { cancel: () => this.remove(entry) };
  }

  during(work: Promise<unknown>): void {
    const settled = work.then(
      () => {},
      () => {},
    );
    this.running.add(settled);
    void settled.then(() => this.running.delete(settled));
  }

  /**
   * Moves service time forward by so many milliseconds, or by a duration such as `6h`, stepping from due time to due time in order. Before each step
   * it waits for whatever task is running, since that may schedule more within the span. Advances from
   * several callers follow one another. Rejects, with time as it was, when the offset cannot be stored.
   */
  advance(span: number | string): Promise<void> {
    const ms = typeof span === 'string' ? parseDuration(span) : span;
    const wholeMs = Math.round(ms);
    invariant(
      wholeMs >= 0 && this.now() + wholeMs <= MAX_SERVICE_TIME_MS,
      `service time cannot move by ${ms} ms`,
    );
    const advanced = this.advancing.then(() => this.step(wholeMs));
    this.advancing = advanced.catch(() => undefined);
    return advanced;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.scheduled.length = 0;
  }

  private async step(ms: number): Promise<void> {
    const targetMs = this.now() + ms;
    // Stored before anything happens at a later time: a crash on the way must not set time back.
    await this.options.saveOffset(this.offset + ms);
    for (;;) {
      await this.idle();
      const next = this.scheduled[0];
      if (next === undefined || next.dueMs > targetMs) break;
      this.scheduled.shift();
      this.moveTo(next.dueMs);
      this.begin(next);
    }
    this.moveTo(targetMs);
    this.arm();
  }

  private moveTo(timeMs: number): void {
    this.offset += Math.ceil(Math.max(0, timeMs - this.now()));
  }

  private async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private begin({ task }: Scheduled): void {
    const run = this.run(task).finally(() => this.running.delete(run));
    this.running.add(run);
  }

  private async run(task: Scheduled['task']): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.options.onTaskError(error);
    }
  }

  private remove(entry: Scheduled): void {
    const index = this.scheduled.indexOf(entry);
    if (index >= 0) this.scheduled.splice(index, 1);
  }

  private arm(): void {
    clearTimeout(this.timer);
    const next = this.scheduled[0];
    if (next === undefined || this.closed) return;
    if (this.frozenMs !== undefined && next.dueMs > this.now()) return;
    const delay = Math.min(Math.max(0, next.dueMs - this.now()), MAX_TIMEOUT_MS);
    this.timer = setTimeout(() => this.fire(), delay);
    // Waiting for service time alone keeps no process alive.
    this.timer.unref();
  }

  private fire(): void {
    while (this.scheduled[0] !== undefined && this.scheduled[0].dueMs <= this.now()) {
      this.begin(this.scheduled.shift()!);
    }
    this.arm();
  }
}
