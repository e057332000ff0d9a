import type { WorkClock } from './clock.ts';

/** Tasks that a clock waits for as one: it is not moved on before the last of those under way has ended. */
export class ClockedWork {
  private readonly clock: WorkClock;
  private running = 0;
  private busy: Promise<void> | undefined;
  private end = (): void => {};

  constructor(clock: WorkClock) {
    this.clock = clock;
  }

  /** Resolves, or rejects, as the task does. */
  async run(task: () => Promise<void>): Promise<void> {
    this.enter();
    try {
      await task();
    } finally {
      this.leave();
    }
  }

  /** For a task that waits for something that may never come: the clock may go on until it does. */
  async pause(news: Promise<void>): Promise<void> {
    this.leave();
    try {
      await news;
    } finally {
      this.enter();
    }
  }

  private enter(): void {
    this.running += 1;
    if (this.busy !== undefined) return;
    this.busy = new Promise<void>((resolve) => {
      this.end = resolve;
    });
    this.clock.during(this.busy);
  }

  private leave(): void {
    this.running -= 1;
    if (this.running > 0) return;
    this.busy = undefined;
    this.end();
  }

  /** Resolves when nothing is under way; at once where nothing is. */
  async ended(): Promise<void> {
    await this.busy;
  }
}
