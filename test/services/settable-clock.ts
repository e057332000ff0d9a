import type { Clock, Timer } from '../../src/core/clock.ts';

interface Waiting {
  readonly dueMs: number;
  readonly task: () => void | Promise<void>;
}

/** Service time that stands still until a test moves it. */
export class SettableClock implements Clock {
  #nowMs: number;
  readonly #waiting = new Set<Waiting>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return performance.now();
  }

  at(dueMs: number, task: () => void | Promise<void>): Timer {
    const entry = { dueMs, task };
    this.#waiting.add(entry);
    return { cancel: () => void this.#waiting.delete(entry) };
  }

  /** Runs what falls due on the way, one after the other. */
  async advance(ms: number): Promise<void> {
    const target = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#waiting]
        .filter((entry) => entry.dueMs <= target)
        .sort((left, right) => left.dueMs - right.dueMs)[0];
      if (!due) break;
      this.#waiting.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      await due.task();
    }
    this.#nowMs = target;
  }
}
