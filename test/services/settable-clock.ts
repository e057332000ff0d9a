import type { Timer, WorkClock } from '../../src/core/clock.ts';

interface Waiting {
  readonly dueMs: number;
  readonly task: () => void | Promise<void>;
}

/** Service time that stands still until a test moves it. */
export class SettableClock implements WorkClock {
  #nowMs: number;
  readonly #waiting = new Set<Waiting>();
  #work: Promise<unknown> = Promise.resolve();

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

  during(work: Promise<unknown>): void {
    this.#work = Promise.all([this.#work, work]);
  }

  /** Work may lead to more of it. */
  async #ended(): Promise<void> {
    for (let work: Promise<unknown> | undefined; work !== this.#work; ) {
      work = this.#work;
      await work;
    }
  }

  /** Runs what falls due on the way, one after the other, each once the work before it has ended. */
  async advance(ms: number): Promise<void> {
    const target = this.#nowMs + ms;
    for (;;) {
      await this.#ended();
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
