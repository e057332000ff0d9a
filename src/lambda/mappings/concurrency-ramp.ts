import type { Clock, Timer } from '../../core/clock.ts';

/** Source: Lambda developer guide, "Configuring scaling behavior for SQS event source mappings". */
const INITIAL_BATCHES = 5;
const MAX_BATCHES = 1_250;
const BATCHES_PER_MINUTE = 300;
const GROWTH_INTERVAL_MS = 60_000 / BATCHES_PER_MINUTE;

/** After failures it goes on with no less than this. */
const MIN_BATCHES = 1;

/**
 * How many batches of a mapping may be worked on at once: a few at first, more for as long as that many are
 * not enough, fewer when they fail.
 */
export class ConcurrencyRamp {
  private readonly clock: Clock;
  private readonly max: number;
  private limit: number;
  private busy = 0;
  private timer: Timer | undefined;
  private wake: (() => void) | undefined;

  constructor(clock: Clock, maximumConcurrency: number | undefined) {
    this.clock = clock;
    this.max = maximumConcurrency ?? MAX_BATCHES;
    this.limit = Math.min(INITIAL_BATCHES, this.max);
  }

  get inUse(): number {
    return this.busy;
  }

  /** Resolves when another batch may begin, or on `release`. One waits at a time. */
  async room(): Promise<void> {
    if (this.busy < this.limit) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      this.growLater();
    });
  }

  begin(): void {
    this.busy += 1;
  }

  end(succeeded: boolean): void {
    this.busy -= 1;
    if (!succeeded) this.limit = Math.max(MIN_BATCHES, Math.floor(this.limit / 2));
    else if (this.busy === 0) this.limit = Math.min(INITIAL_BATCHES, this.max);
    if (this.busy < this.limit) this.release();
  }

  /** Whoever waits goes on. */
  release(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.wake?.();
    this.wake = undefined;
  }

  private growLater(): void {
    if (this.limit >= this.max) return;
    this.timer = this.clock.at(this.clock.now() + GROWTH_INTERVAL_MS, () => {
      this.limit += 1;
      if (this.busy < this.limit) this.release();
      else this.growLater();
    });
  }
}
