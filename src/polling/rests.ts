import type { Clock } from '../core/clock.ts';

/** Waits by service time, which end at once when whoever waits is to stop. */
export class Rests {
  private readonly clock: Clock;
  private readonly ends = new Set<() => void>();
  private isOver = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves after so many milliseconds of service time, or when `endAll` is called. */
  async rest(ms: number): Promise<void> {
    if (this.isOver) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.ends.delete(end);
        resolve();
      };
      const timer = this.clock.at(this.clock.now() + ms, async () => {
        end();
        // The clock waits until whoever rested has begun with what follows.
        await new Promise(setImmediate);
      });
      this.ends.add(end);
    });
  }

  /** Nobody rests any more, now and later. */
  endAll(): void {
    this.isOver = true;
    for (const end of this.ends) end();
  }
}
