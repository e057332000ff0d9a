import type { Clock, Timer } from '../core/clock.ts';

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
  /** Stores the offset; the advance is answered only after that. */
  readonly saveOffset: (offsetMs: number) => Promise<void>;
  readonly onTaskError: (error: unknown) => void;
}

/** Real time plus an offset that only grows; see `Clock`. */
export class ServiceClock implements Clock {
  private offset: number;
  private readonly options: ServiceClockOptions;
  /** Sorted by due time, the next one first. */
  private readonly scheduled: Scheduled[] = [];
  private sequence = 0;
  private timer: NodeJS.Timeout | undefined;
  private advancing: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: ServiceClockOptions) {
    this.options = options;
    this.offset = options.offsetMs;
  }

  get offsetMs(): number {
    return this.offset;
  }

  now(): number {
    return Date.now() + this.offset;
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

  /**
   * Moves service time forward by `ms`, stepping from due time to due time in order and waiting for
   * each task before the next step. Advances from several callers follow one another.
   */
  advance(ms: number): Promise<void> {
    this.advancing = this.advancing.then(() => this.step(this.now() + ms));
    return this.advancing;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.scheduled.length = 0;
  }

  private async step(targetMs: number): Promise<void> {
    for (;;) {
      const next = this.scheduled[0];
      if (next === undefined || next.dueMs > targetMs) break;
      this.scheduled.shift();
      this.offset += Math.max(0, next.dueMs - this.now());
      await this.run(next);
    }
    this.offset += Math.max(0, targetMs - this.now());
    await this.options.saveOffset(this.offset);
    this.arm();
  }

  private async run(entry: Scheduled): Promise<void> {
    try {
      await entry.task();
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
    const delay = Math.min(Math.max(0, next.dueMs - this.now()), MAX_TIMEOUT_MS);
    this.timer = setTimeout(() => this.fire(), delay);
    // Waiting for service time alone keeps no process alive.
    this.timer.unref();
  }

  private fire(): void {
    while (this.scheduled[0] !== undefined && this.scheduled[0].dueMs <= this.now()) {
      void this.run(this.scheduled.shift()!);
    }
    this.arm();
  }
}
